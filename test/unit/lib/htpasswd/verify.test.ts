import { describe, expect, it } from 'vitest';
import { verifyPassword } from '../../../../src/lib/htpasswd/index.ts';

/** Hashes made by htpasswd 2.4.71 and crypt(3) of libxcrypt: kind, password (byte string), hash. */
const MADE: readonly (readonly [kind: string, password: string, hash: string])[] = [
  ['apr1', 'pass', '$apr1$kaWTKSiO$AmRA97aoKpq6He5yKZQx6/'],
  ['bcrypt', 'pass', '$2y$05$hCNcjX9AY1XN5TbxinqoZuiSFjbTXLEcWoatbPaIAXOswhyNOUDoq'],
  ['SHA', 'pass', '{SHA}nU4eI71bcnBGqeO0t9tXvY1u5oQ='],
  ['DES', 'pass', 'ZF8wZdnXPC.nw'],
  ['sha256', 'pass', '$5$D77HLZyVOZyfsRpi$gVx/MQtweeRXOlE0MGKEKxdG0iirywbJW/0q7Sv0lJ2'],
  [
    'sha512',
    'pass',
    '$6$32fl8Bj091XCoZo.$TcLBDbJhOZ8idjoUBcElR3mLz/hRB0ia63XMDGhnEKoahXkoWpHq1pR2FqrGUYd6a6RWwRCmIJUIqNfRt6B.y0',
  ],
  ['apr1', '', '$apr1$pYWAOwjt$45DOGHl.cpzUaN4A/G.dS/'],
  ['bcrypt', '', '$2y$05$/.VsFeLNnDAxYIO5nrEDgu2/v.Le0ZV/4fC961WAuKpF9T/O2Gez6'],
  ['SHA', '', '{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk='],
  ['DES', '', 'wK8KjdeSjOnaU'],
  ['sha256', '', '$5$hztENGJcpEy3qhQH$rkEqm1Bxb4SpA8XBVhZRT/XvC3sdrpXVeuWTTs.RxS6'],
  [
    'sha512',
    '',
    '$6$o3vFuszroNs4Wjwd$iSAaeQIeUhPALZsWanPCzmKjqnKIFptH4im36yiQ6zkCLz8RXwEWZuA2XqTdkBx3cZjMjOeQZksHwxElRJR.N/',
  ],
  ['apr1', 'a', '$apr1$WtghR.6k$I9NTmT8KipVUZmJXrUi0O1'],
  ['bcrypt', 'a', '$2y$05$oUZ8ahrIBI66JbAZuC1.qO7h.Kzep1Dr1tSjM9Ld1c8XToLYW1gcy'],
  ['SHA', 'a', '{SHA}hvfkN/qlp/zhXR3cuerq6jd2Z7g='],
  ['DES', 'a', 'jFI3x6aIzoM6.'],
  ['sha256', 'a', '$5$rHEFXwt/RXsMIleb$kzc6pFi9zE3zURC4ELy86TTNucFgIRp42e3oZ3AUbx0'],
  [
    'sha512',
    'a',
    '$6$aXxuGo1jEpawX8dq$ZSsCVb.7UiaoaTJgODpvgHgTnmfvoh/6uXZBh7zda3wYmhVquE5PcwWExnV4XOPlrZ69olX90AVmQADUQEdfa1',
  ],
  ['apr1', '0123456789abcdef0', '$apr1$1.yiREt/$csRhMa1mEzoT8Itn6gbM4/'],
  ['bcrypt', '0123456789abcdef0', '$2y$05$2mNJ6MGYdyLzC7taXJH.NOOw6HRNQ11uMLNM0vDGpOBPobZWmKav2'],
  ['SHA', '0123456789abcdef0', '{SHA}GwpsrsHJIKl/uJxjTM/S717rYDM='],
  ['DES', '0123456789abcdef0', 'cenM32yvtgT7k'],
  ['sha256', '0123456789abcdef0', '$5$qw4i.jFmh2xZ7rwv$OPnBcJCRUZSZhGbP80UGl4DqFP91qDmRF0l6HZWK5v2'],
  [
    'sha512',
    '0123456789abcdef0',
    '$6$wukFdUgfyfmQuu94$HMNFZOcotd/OhZRPPPfrqqnbrsnacBy7zHRS/.BqzrpXrnbJDmZGNUkxKVeXWd45zHpTVksISLkWQPu1Mv5fs/',
  ],
  ['apr1', '\u00c3\u00a9t\u00c3\u00a9', '$apr1$eFwcAhfm$Byv62J2ubxu004ns3u5PY.'],
  ['bcrypt', '\u00c3\u00a9t\u00c3\u00a9', '$2y$05$LVy/fFic4kWdjgWiuJvsyuFWfzEP/brtiBDDcYBhfLwkNUDwrqcyW'],
  ['SHA', '\u00c3\u00a9t\u00c3\u00a9', '{SHA}ZNDLxfAsOQTuT0OcpHZIC2e14+E='],
  ['DES', '\u00c3\u00a9t\u00c3\u00a9', 'dT/WX2Cjp3826'],
  ['sha256', '\u00c3\u00a9t\u00c3\u00a9', '$5$p3CLz9vsHaeIpG2y$9f3C/UH7.kYVvtyZvtAIFb3jELQKUAyyVfrFi0UVYAB'],
  [
    'sha512',
    '\u00c3\u00a9t\u00c3\u00a9',
    '$6$xQZedA.WRiulNQup$dtEmOEDSLyHqaVLWb.RgdQctWuZ00DaWlayIy77bHW2veksK7tfla/WcCbXxJEHHcjZkFRCj0vpWMA0xnso1N0',
  ],
  [
    'apr1',
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    '$apr1$6h5Jpndf$nT9EB.QqJwGWE2bz9tiRi.',
  ],
  [
    'bcrypt',
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    '$2y$05$6hhPm1RuqOR4bTXEhJ4.K.p76GRI6wskayHXtWdeEYQMsBb9lIRLS',
  ],
  [
    'SHA',
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    '{SHA}mhYxdXId8MC8tCysqx+LZq6VXc8=',
  ],
  [
    'DES',
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    'wHcFIFs2HSfZI',
  ],
  [
    'sha256',
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    '$5$v8yTTVQ.rHSCInl5$S3DJCAVAb9NdWGMKSnWrhZ89nvCslKP2IIpnFrig3bC',
  ],
  [
    'sha512',
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    '$6$/iEsN72FptyXf3Xb$s28RPNto3CovLiXQN8LLnCd9mSV7.1UZ28fvvIaqZo7kuOSFlmWdUPcD4irY5c.YYT8AZp0YN8BrmgGLXxxkC1',
  ],
  ['apr1', 'correct horse battery staple, twice over', '$apr1$VvqUpWW9$2V9WxLFR3lkN0NOlI2AIR0'],
  [
    'bcrypt',
    'correct horse battery staple, twice over',
    '$2y$05$696Bx0WKBJUHemDn/qwms.h1R879Lrh582hz0ASnpIo6wYhxML5hi',
  ],
  ['SHA', 'correct horse battery staple, twice over', '{SHA}td6QwqcTo4De/TaCkLxIqLR8q/c='],
  ['DES', 'correct horse battery staple, twice over', 'Y.J5.8lzl8fpI'],
  [
    'sha256',
    'correct horse battery staple, twice over',
    '$5$j7pL.FHJnRNyC14z$dGyYf6fQ2O1wCoTA3IhAawk/OsL3iyR0BGJMVz.xwRB',
  ],
  [
    'sha512',
    'correct horse battery staple, twice over',
    '$6$u4PVVOKlEYelR6UP$mcCgppU80RfyrXBLdcyjFY26x6wq77yt8rqSzg.xRq7TQXg7Bh0FVD213OOSdWnq/7JvWrRl91m6s0QeOslMH.',
  ],
  ['md5', 'pass', '$1$abcdefgh$1s0bv7.OjNizlrMAOIQD7.'],
  ['md5 without salt', 'pass', '$1$$uqbusDeGY2YWqg.T2S1100'],
  ['sha256 with rounds', 'pass', '$5$rounds=1000$abcdefgh$pZYM4qIaeNudUedfPIVM49EJGEoaIn0oTq74Lz3TTY2'],
  [
    'sha512 with rounds',
    'pass',
    '$6$rounds=1234$a$FYSAVnzozPUzv/qIauKAgqeVunkjYHJJDyEmOiyenOW/6wMIJyZlZJvvygWVkO.HVtFkjGHviR9zL7GmrtZaF.',
  ],
  [
    'sha512 with a long salt',
    'pass',
    '$6$ssssssssssssssss$WY38g16127v5NKdyDYCwIH.MJbIEk.dKgax0LzhotGDFlZYJQhCuDPWrKxFPtXkbg8uVb06ZH.2Q0BXgFxHPE/',
  ],
  ['DES', 'Sesame42longer', 'ab.QUaZPTS..Q'],
  ['DES', 'Sesame42longer', '..EEQW5COv3kc'],
  ['DES', 'Sesame42longer', 'zZJtdcpMN/mJg'],
  ['DES', 'Sesame42longer', '9/q4vEaxNw0qE'],
  ['DES of bytes', '\u00c3\u00a9t\u00c3\u00a9', 'ab5ad2Q7liuxQ'],
  ['bcrypt 2b', 'pass', '$2b$04$abcdefghijklmnopqrstuufznL8bkzdtHwLhca4To/v9Lo9bA7fR6'],
];

describe('verifyPassword', () => {
  it.each(MADE)('%s of %j', async (_kind, password, hash) => {
    expect(await verifyPassword(hash, password)).toBe(true);
    // Asked again: remembered.
    expect(await verifyPassword(hash, password)).toBe(true);
    expect(await verifyPassword(hash, `!${password}`)).toBe(false);
  });

  // By perl's crypt(), of 511 times the letter a; crypt(3) refuses 512.
  it.each([
    '$6$ab$lzQmZdHpmaUd7Ce0nkfVZELxM2pJgD9iMdUt87zg7WcgZXRBqMtZRvTZK.u.zpRGvXQKayX6yAgwPvbVJ44CX/',
    '$5$ab$Tjub3R4rZqRB8nmL8ZATp6sGiGKT68xe7pKGLmD8PL/',
    '$1$ab$InbpF0g3iEJ39v3EB5gz9.',
    'abBUNZY4cR2mg',
  ])('%s is of a password as long as crypt(3) takes', async (hash) => {
    expect(await verifyPassword(hash, 'a'.repeat(511))).toBe(true);
    expect(await verifyPassword(hash, 'a'.repeat(512))).toBe(false);
  });

  it('spends no time on a password that crypt(3) refuses', async () => {
    const start = performance.now();
    expect(await verifyPassword('$6$ab$x', 'a'.repeat(200_000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it.each([
    ['plain text', 'pass'],
    ['nothing', ''],
    ['one digit of salt', 'a'],
    ['salt of other characters', 'a:rfhKFx2TkNA'],
    ['bcrypt cut short', '$2y$05$abc'],
    ['bcrypt of too many rounds', `$2y$99$${'a'.repeat(53)}`],
    ['SHA cut short', '{SHA}nU4eI71bcnBGqeO0t9tXvY1u5o'],
    ['SHA-256 with too few rounds', '$5$rounds=10$abc$def'],
    ['yescrypt', '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7'],
  ])('%s matches nothing', async (_what, hash) => {
    expect(await verifyPassword(hash, 'pass')).toBe(false);
  });

  it('does not take bytes that are no UTF-8 for others with bcrypt', async () => {
    const [, , hash] = MADE.find(([kind, password]) => kind === 'bcrypt' && password === 'pass') ?? [
      '',
      '',
      '',
    ];
    expect(await verifyPassword(hash, 'pass\xff')).toBe(false);
  });
});
