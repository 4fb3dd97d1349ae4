/**
 * BalancerPersist: what is counted of members, and what was changed of them while the server ran, outlives a reload, and in a file a restart. Where
 * it is off every configuration begins anew, as in httpd. httpd's file is its shared memory as it lay there; ours is JSON.
 *
 * As in httpd what was kept counts more than what the configuration says of the same member, its `status=` and `loadfactor=` included.
 */
import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import type { Configuration } from '../../../core/configuration.ts';
import { Level, logServer } from '../../../core/log.ts';
import { systemError } from '../../../lib/error-text.ts';
import type { Balancer } from '../shared/balancer.ts';
import type { ConfiguredBalancer } from '../shared/balancing.ts';
import { runtimePath } from '../shared/runtime-path.ts';
import type { Worker, WorkerRecord } from '../shared/worker.ts';

const FILE = 'balancers.persist';
const NUMBERS = ['elected', 'transferred', 'read', 'lbstatus', 'lbfactor', 'lbset'] as const;
const TEXTS = ['route', 'redirect'] as const;

/** One member as it stands in the file. */
interface Kept {
  readonly server: string;
  readonly balancer: string;
  readonly member: string;
  readonly record: WorkerRecord;
  readonly flags: Worker['state']['flags'];
  readonly isInError: boolean;
  readonly errorTime: number;
  readonly retries: number;
}

/** Members of the configurations of this process that have served with BalancerPersist on. */
const living = new Map<string, Worker>();

function keyOf(server: string, balancer: string, member: string): string {
  return `${server} ${balancer} ${member}`;
}

/**
 * With each balancer the text that tells its server from the others that have one of the same name. Not made of where the server stands in its
 * file, as httpd's is: that is another place after every change of what stands before it.
 */
function named(balancers: Iterable<ConfiguredBalancer>): { server: string; balancer: Balancer }[] {
  const counts = new Map<string, number>();
  return [...balancers].map(({ balancer, server: { scheme, hostname, port } }) => {
    const server = `${scheme}://${hostname}:${port}`;
    const key = `${server} ${balancer.name}`;
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return { server: count === 0 ? server : `${server}#${count}`, balancer };
  });
}

/** Gives members what was known of those of the same name. */
export function restoreMembers(configuration: Configuration, balancers: Iterable<ConfiguredBalancer>): void {
  let kept: Map<string, Kept> | undefined;
  for (const { server, balancer } of named(balancers)) {
    for (const member of balancer.members) {
      const key = keyOf(server, balancer.name, member.shownName);
      const before = living.get(key);
      if (before !== undefined) {
        member.takeOver(before);
      } else {
        kept ??= readFile(configuration);
        const found = kept.get(key);
        if (found !== undefined) restore(member, found);
      }
      living.set(key, member);
    }
  }
}

function restore({ record, state }: Worker, kept: Kept): void {
  for (const key of NUMBERS) record[key] = kept.record[key];
  for (const key of TEXTS) record[key] = kept.record[key];
  state.restore(kept.flags, kept.isInError, kept.errorTime, kept.retries);
}

/** A file that is not there, or not ours, is no reason not to start. */
function readFile(configuration: Configuration): Map<string, Kept> {
  const members = new Map<string, Kept>();
  const path = runtimePath(configuration, FILE);
  try {
    const list: unknown = JSON.parse(readFileSync(Buffer.from(path, 'latin1'), 'utf8'));
    if (!Array.isArray(list)) throw new SyntaxError();
    for (const one of list as unknown[])
      if (isKept(one)) members.set(keyOf(one.server, one.balancer, one.member), one);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return members;
    configuration.problems.add({
      code: 'AL0001',
      severity: 'warning',
      message: `BalancerPersist: what ${path} says of balancers cannot be read, and is not used`,
      span: undefined,
    });
  }
  return members;
}

function isKept(one: unknown): one is Kept {
  if (typeof one !== 'object' || one === null) return false;
  const { server, balancer, member, record, flags, isInError, errorTime, retries } = one as Partial<Kept>;
  if (
    typeof server !== 'string' ||
    typeof balancer !== 'string' ||
    typeof member !== 'string' ||
    typeof isInError !== 'boolean'
  )
    return false;
  if (!Number.isFinite(errorTime) || !Number.isFinite(retries)) return false;
  if (typeof record !== 'object' || record === null || typeof flags !== 'object' || flags === null)
    return false;
  return (
    NUMBERS.every((key) => Number.isFinite(record[key])) &&
    TEXTS.every((key) => typeof record[key] === 'string') &&
    record.lbfactor > 0 &&
    record.lbset >= 0 &&
    record.lbset < 100
  );
}

/** Writes what is known of the members of a configuration that serves no more. */
export function keepMembers(configuration: Configuration, balancers: Iterable<ConfiguredBalancer>): void {
  const list: Kept[] = [];
  for (const { server, balancer } of named(balancers)) {
    for (const { shownName: member, record, state } of balancer.members) {
      const { flags, isInError, errorTime, retries } = state;
      list.push({ server, balancer: balancer.name, member, record, flags, isInError, errorTime, retries });
    }
  }
  if (list.length === 0) return;
  const path = Buffer.from(runtimePath(configuration, FILE), 'latin1');
  const part = Buffer.concat([path, Buffer.from(`.${process.pid}`)]);
  try {
    writeFileSync(part, JSON.stringify(list), { mode: 0o600 });
    renameSync(part, path);
  } catch (error) {
    try {
      unlinkSync(part);
    } catch {
      // It was never there.
    }
    const message = `BalancerPersist: what is known of balancers could not be written to ${path.toString('latin1')}`;
    const why = systemError((error as NodeJS.ErrnoException).code ?? 'EIO');
    logServer(configuration.main, 'proxy_balancer', Level.error, '', message, why);
  }
}
