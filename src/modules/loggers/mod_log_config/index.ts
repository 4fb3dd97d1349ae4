/**
 * mod_log_config: access logs (httpd's modules/loggers/mod_log_config.c). Formats and conditions are compiled when the configuration is read;
 * files and programs are opened by the server (LogChannel). Not here: CookieLog, which httpd 2.4 no longer has; buffers are flushed by time
 * and size, not only by size.
 */
import { LogChannel } from '../../../core/access-log.ts';
import { shownConnectionName, shownHostName } from '../../../core/client-host.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { evaluateBoolean } from '../../../core/expression-context.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { type LogCondition, type LogServerConf, mergeLogServer, type ReadyLog } from './conf.ts';
import { compileLogFormat, type LogFormat } from './format.ts';
import { itemFinder, rows } from './rows.ts';

const COMMON_LOG_FORMAT = '%h %l %u %t "%r" %>s %b';

/** Resolves nicknames and default formats, and names the channels to be opened (open_multi_logs). */
function prepareLogs(configuration: Configuration): void {
  const { main, virtualServers, providers, logChannels } = configuration;
  const findItem = itemFinder(providers);
  const formats = new Map<string, LogFormat>();
  const channels = new Map<string, LogChannel>();
  const mainConf: LogServerConf = modLogConfig.server(main);
  const isBuffered = [main, ...virtualServers].some(
    (server) => modLogConfig.server(server).buffered === true,
  );

  const formatNamed = (name: string, { formats: named }: LogServerConf): LogFormat => {
    const text = named?.get(name) ?? (name === 'CLF' ? COMMON_LOG_FORMAT : name);
    let format = formats.get(text);
    if (format === undefined) {
      const compiled = compileLogFormat(text, findItem);
      // Every text was compiled once when its directive was read.
      if (typeof compiled === 'string') throw new Error(compiled);
      format = compiled;
      formats.set(text, format);
    }
    return format;
  };

  for (const server of [main, ...virtualServers]) {
    const conf: LogServerConf = modLogConfig.server(server);
    if (conf.logs === undefined) continue;
    conf.ready = conf.logs.map((log): ReadyLog => {
      let channel = channels.get(log.target);
      if (channel === undefined) {
        channel = new LogChannel(log.target, log.definedAt, isBuffered);
        channels.set(log.target, channel);
        logChannels.push(channel);
      }
      const format =
        log.format === undefined
          ? formatNamed(conf.defaultFormat ?? COMMON_LOG_FORMAT, conf)
          : formatNamed(log.format, conf.inherited?.has(log) === true ? mainConf : conf);
      return { channel, format, condition: log.condition };
    });
  }
}

function logToChannels(r: Request): void {
  const { ready } = modLogConfig.server(r.server);
  if (ready === undefined || ready.length === 0) return;
  const final = r.final;
  for (const log of ready) {
    if (log.condition === undefined) {
      write(log, final, r);
      continue;
    }
    const holds = isMet(log.condition, r);
    if (holds === true) write(log, final, r);
    else if (holds !== false) void holds.then((late) => late && write(log, final, r));
  }
}

/** Conditions look at the request as the client sent it (config_log_transaction). */
function isMet(condition: LogCondition, r: Request): boolean | Promise<boolean> {
  if (condition.kind === 'env') return (r.getEnv(condition.name) === undefined) === condition.isNegated;
  return evaluateBoolean(condition.expr, r, (reason) => {
    logRequest(r, 'log_config', Level.error, 'AH00644', `Error evaluating log condition: ${reason}`);
  });
}

function write({ channel, format }: ReadyLog, final: Request, original: Request): void {
  if (format.asksHostName) {
    const client = shownHostName(final);
    const peer = final.clientAddr === final.connection.remoteAddr ? client : shownConnectionName(final);
    if (client instanceof Promise || peer instanceof Promise) {
      void Promise.all([client, peer]).then(() => channel.write(`${format.line(final, original)}\n`));
      return;
    }
  }
  channel.write(`${format.line(final, original)}\n`);
}

export const modLogConfig = defineModule<LogServerConf, object>({
  name: 'log_config_module',
  file: 'mod_log_config.c',
  directives: rows,
  mergeServer: mergeLogServer,
  postConfig: prepareLogs,
  hooks: { logTransaction: logToChannels },
});
