/** mod_watchdog: periodic work of other modules (modules/core/mod_watchdog.c); timers do that here. */
import { type ApplyResult, type Command, GLOBAL_ONLY, RSRC_CONF } from '../../config/directive.ts';
import { parseTimeout } from '../../config/values.ts';
import { defineModule } from '../../core/module.ts';

/** The argument is checked all the same (wd_cmd_watchdog_int). */
function watchdogInterval(_cmd: Command<object, object>, arg: string): ApplyResult {
  const interval = parseTimeout(arg);
  if (interval === undefined) return 'Unparse-able WatchdogInterval setting';
  return interval < 100 ? 'Invalid WatchdogInterval: minimal value 100ms' : undefined;
}

export const modWatchdog = defineModule({
  name: 'watchdog_module',
  file: 'mod_watchdog.c',
  directives: [
    {
      name: 'WatchdogInterval',
      shape: 'TAKE1',
      where: RSRC_CONF,
      forbidden: GLOBAL_ONLY,
      usage: 'Watchdog interval in seconds',
      noEffect: 'periodic work has timers of its own',
      apply: watchdogInterval,
    },
  ],
});
