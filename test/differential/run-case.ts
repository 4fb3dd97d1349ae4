import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Httpd, ServerProgram } from '../support/httpd.ts';
import { runToEnd, ServerStartError, startServer } from '../support/httpd.ts';
import { claimPorts } from '../support/ports.ts';
import { askFate, type ConnectionFate, RawConnection, type RawTarget } from '../support/raw-request.ts';
import {
  type CaseResult,
  checkLines,
  type Exchange,
  errorLogFacts,
  normaliseText,
  toAnswer,
} from './answers.ts';
import type { CaseRequest, DifferentialCase } from './case-format.ts';
import { startBackends } from './fcgi-backend.ts';
import { startHttpBackends } from './http-backend.ts';
import { startPhpFpm } from './php-fpm.ts';
import { fill, layOut, type Placeholders, placeholders } from './site.ts';

/** For the first byte of an answer: the machine may be busy, whatever silence is to end the reading of it. */
const PATIENCE = 5000;

/** Ports and a directory for one case, used by the servers one after the other. */
export interface Place {
  readonly values: Placeholders;
  release(): Promise<void>;
}

export async function takePlace(): Promise<Place> {
  const block = await claimPorts();
  // Not os.tmpdir(): the length of the path must be the same everywhere, as it shows in lengths.
  const root = await mkdtemp('/tmp/ald-');
  return {
    values: placeholders(root, block.ports),
    release: async () => {
      rmSync(root, { recursive: true, force: true });
      await block.release();
    },
  };
}

/** Runs the case on one server and returns what it answered, normalised. */
export async function runCase(
  definition: DifferentialCase,
  program: ServerProgram,
  httpd: Httpd | undefined,
  place: Place,
): Promise<CaseResult> {
  const { values } = place;
  const configuration = layOut(definition, values, httpd);
  if (definition.check !== undefined) {
    const done = await runToEnd(program, ['-f', configuration, ...definition.check]);
    return { check: { exitCode: done.exitCode, output: checkLines(done.output, values) } };
  }
  // What was started is ended also when the next one does not start: the ports are given to others.
  const started: { stop(): Promise<void> }[] = [];
  try {
    started.push(await startBackends(definition.fcgi, values));
    started.push(await startHttpBackends(definition.backends, values));
    if (definition.phpFpm) started.push(await startPhpFpm(values));
    const server = await startServer(program, configuration, values.ports.get('port') as number).catch(
      (error: unknown) => {
        if (!(error instanceof ServerStartError)) throw error;
        throw new ServerStartError(
          program,
          `${error.output}\n${readIfThere(join(values.root, 'logs/error.log'))}`,
        );
      },
    );
    let exchanges: Exchange[];
    try {
      exchanges = await exchangeAll(definition, values);
    } finally {
      await server.stop();
    }
    return { exchanges, ...logsOf(definition, values) };
  } finally {
    for (const each of started.reverse()) await each.stop();
  }
}

async function exchangeAll(definition: DifferentialCase, values: Placeholders): Promise<Exchange[]> {
  // The probing request would show up in the log.
  const mayProbe = !/^\s*(CustomLog|TransferLog)\b/im.test(definition.configuration);
  const exchanges: Exchange[] = [];
  let connection: RawConnection | undefined;
  try {
    for (const [index, request] of definition.requests.entries()) {
      if (connection === undefined || !request.sameConnection) {
        connection?.close();
        connection = await openWhenListening({
          port: values.ports.get(request.port) ?? Number(request.port),
          host: request.host,
          timeout: request.timeout,
          patience: PATIENCE,
          ...(request.tls === undefined ? {} : { tls: request.tls }),
        });
      }
      const isLast = definition.requests[index + 1]?.sameConnection !== true;
      exchanges.push(await exchange(request, connection, values, mayProbe && isLast));
    }
  } finally {
    connection?.close();
  }
  return exchanges;
}

/** A server that listens on its first port may be a moment away from listening on the others. */
async function openWhenListening(target: RawTarget): Promise<RawConnection> {
  for (let tries = 1; ; tries++) {
    try {
      return await RawConnection.open(target);
    } catch (error) {
      if (tries === 20 || (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function exchange(
  request: CaseRequest,
  connection: RawConnection,
  values: Placeholders,
  mayProbe: boolean,
): Promise<Exchange> {
  await connection.send(
    request.pieces.map((piece) => fill(piece, values)),
    request.pause,
  );
  if (request.finish) connection.finish();
  const answers = [];
  for (const method of request.methods) {
    const response = await connection.readResponse(method);
    if (response === undefined) break;
    answers.push(toAnswer(response, values));
  }
  let fate: ConnectionFate = 'not asked';
  if (mayProbe && request.probe && !request.finish) fate = await askFate(connection);
  return { request: request.label, answers, connection: fate };
}

function logsOf(definition: DifferentialCase, values: Placeholders): Pick<CaseResult, 'logs' | 'errors'> {
  const directory = join(values.root, 'logs');
  const logs: Record<string, string[]> = {};
  for (const name of readdirSync(directory).sort()) {
    if (name === 'error.log') continue;
    const lines = normaliseText(readIfThere(join(directory, name)), values).split('\n');
    logs[name] = lines.filter((line) => line !== '').sort();
  }
  return {
    ...(Object.keys(logs).length > 0 && { logs }),
    ...(definition.compareErrorLog && { errors: errorLogFacts(readIfThere(join(directory, 'error.log'))) }),
  };
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'latin1') : '';
}
