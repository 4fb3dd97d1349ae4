/** Certificates of a test's own, made by the openssl command when the test runs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export function hasOpenssl(): boolean {
  return spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0;
}

export interface CertificateWishes {
  /** `/O=Org/CN=localhost`. */
  readonly subject: string;
  /** `DNS:localhost,IP:127.0.0.1`. */
  readonly names?: string;
  /** Default `rsa`. */
  readonly kind?: 'rsa' | 'ec';
  /** `20200101000000Z`; default now. */
  readonly from?: string;
  /** Default in two days. */
  readonly until?: string;
  /** Name of the issuer, made before; default `ca`. */
  readonly issuer?: string;
  readonly isAuthority?: boolean;
}

/** A directory with an authority (`ca.crt`, `ca.key`) and what it has issued: `name.crt`, `name.key`. */
export class Certificates {
  readonly root = mkdtempSync(path.join(tmpdir(), 'certificates-'));

  constructor() {
    mkdirSync(this.file('db'));
    writeFileSync(this.file('db/index.txt'), '');
    writeFileSync(this.file('db/serial'), '1000');
    writeFileSync(this.file('db/crlnumber'), '01');
    writeFileSync(this.file('ca.cnf'), this.#settings());
    const subject = ['-subj', '/O=Test/CN=Test CA'];
    this.openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-days',
      '2',
      ...subject,
    );
  }

  file(name: string): string {
    return path.join(this.root, name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), 'latin1');
  }

  /** Runs openssl in the directory. */
  openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.root, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  issue(name: string, wishes: CertificateWishes): void {
    const { subject, names, kind = 'rsa', from, until, issuer = 'ca', isAuthority = false } = wishes;
    const key = kind === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const [csr, extensions] = [`${name}.csr`, `${name}.ext`];
    this.openssl('req', '-newkey', ...key, '-nodes', '-keyout', `${name}.key`, '-out', csr, '-subj', subject);
    const alternative = names === undefined ? '' : `subjectAltName=${names}\n`;
    writeFileSync(
      this.file(extensions),
      `basicConstraints=CA:${isAuthority ? 'TRUE' : 'FALSE'}\n${alternative}`,
    );
    const dates = [
      ...(from === undefined ? [] : ['-startdate', from]),
      ...(until === undefined ? ['-days', '2'] : ['-enddate', until]),
    ];
    const by = ['-cert', `${issuer}.crt`, '-keyfile', `${issuer}.key`];
    this.openssl(
      'ca',
      '-batch',
      '-config',
      'ca.cnf',
      '-notext',
      '-in',
      csr,
      '-out',
      `${name}.crt`,
      '-extfile',
      extensions,
      ...dates,
      ...by,
    );
  }

  /** Revokes a certificate, and writes the list to `crl.pem`. */
  revoke(name: string): void {
    this.openssl('ca', '-config', 'ca.cnf', '-revoke', `${name}.crt`);
    this.openssl('ca', '-config', 'ca.cnf', '-gencrl', '-out', 'crl.pem');
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  #settings(): string {
    return [
      '[ca]',
      'default_ca = d',
      '[d]',
      'database = db/index.txt',
      'serial = db/serial',
      'crlnumber = db/crlnumber',
      'new_certs_dir = db',
      'certificate = ca.crt',
      'private_key = ca.key',
      'default_md = sha256',
      'default_crl_days = 2',
      'unique_subject = no',
      'policy = p',
      '[p]',
      'organizationName = optional',
      'commonName = supplied',
      '',
    ].join('\n');
  }
}
