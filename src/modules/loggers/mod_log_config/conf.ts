/** What mod_log_config keeps of a server, and how virtual servers inherit it (multi_log_state and merge_config_log_state). */
import type { LogChannel } from '../../../core/access-log.ts';
import type { Span } from '../../../diagnostics/source.ts';
import type { BooleanExpr } from '../../../expr/index.ts';
import type { LogFormat } from './format.ts';

/** When a request is logged. */
export type LogCondition =
  | { readonly kind: 'env'; readonly name: string; readonly isNegated: boolean }
  | { readonly kind: 'expr'; readonly expr: BooleanExpr };

/** A CustomLog, TransferLog or GlobalLog. */
export interface LogDefinition {
  readonly target: string;
  /** A format or a nickname; undefined: the default format of the server that writes. */
  readonly format: string | undefined;
  readonly condition: LogCondition | undefined;
  /** GlobalLog: virtual servers write it beside their own. */
  readonly isGlobal: boolean;
  readonly definedAt: Span;
}

/** A log ready to be written to. */
export interface ReadyLog {
  readonly channel: LogChannel;
  readonly format: LogFormat;
  readonly condition: LogCondition | undefined;
}

export interface LogServerConf {
  logs?: LogDefinition[];
  /** LogFormat with a name. */
  formats?: Map<string, string>;
  /** LogFormat without one: a format or a nickname. */
  defaultFormat?: string;
  /** BufferedLogs; of the main server, whoever says it. */
  buffered?: boolean;
  /** Definitions taken over from the main server: their nicknames are the main server's. */
  inherited?: ReadonlySet<LogDefinition>;
  /** Set when the configuration is complete. */
  ready?: readonly ReadyLog[];
}

/** A server with logs of its own writes only these and the global ones; without any it writes the main server's. */
export function mergeLogServer(base: LogServerConf, add: LogServerConf): LogServerConf {
  const merged: LogServerConf = { ...base, ...add };
  const baseLogs = base.logs ?? [];
  const own = add.logs ?? [];
  const inherited = own.length === 0 ? baseLogs : baseLogs.filter(({ isGlobal }) => isGlobal);
  merged.logs = [...own, ...inherited];
  merged.inherited = new Set(inherited);
  if (base.formats !== undefined && add.formats !== undefined) {
    merged.formats = new Map([...base.formats, ...add.formats]);
  }
  delete merged.ready;
  return merged;
}
