import { describe, expect, it } from 'vitest';
import { knownDirectives } from '../../../src/config/known-directives.ts';
import { legacyAdvice } from '../../../src/config/legacy-directives.ts';
import { applyText } from '../modules/support.ts';

describe('directives of former times', () => {
  it.each([
    ['RewriteLog', 'LogLevel rewrite:trace3'],
    ['LockFile', 'Mutex'],
    ['BindAddress', 'Listen'],
    ['AddModule', 'LoadModule'],
    ['AuthAuthoritative', 'AuthBasicAuthoritative'],
    ['AuthzUserAuthoritative', '<RequireAll>'],
    ['php_value', 'PHPDirectives fcgi'],
    ['php_admin_flag', 'PHPDirectives fcgi'],
    ['PHPINIDir', 'php-fpm -c'],
    ['JkMount', 'ajp://'],
    ['FcgidWrapper', 'proxy:unix:'],
    ['WSGIScriptAlias', 'uwsgi://'],
  ])('%s: %s', (name, advice) => {
    expect(legacyAdvice(name.toLowerCase())).toContain(advice);
  });

  it('are none that httpd 2.4 has', () => {
    const both = [...knownDirectives().keys()].filter((key) => legacyAdvice(key) !== undefined);
    // Of the MPM for NetWare alone.
    expect(both).toEqual(['startthreads', 'maxthreads']);
  });

  it.each(['LockFile x', 'RewriteLogLevel 3', 'ServerType inetd', 'AgentLog x', 'SecRuleEngine On'])(
    '%s is an invalid command',
    (line) => {
      const name = line.split(' ')[0];
      expect(applyText(line).errors).toEqual([
        `Invalid command '${name}', perhaps misspelled or defined by a module not included in the server configuration`,
      ]);
    },
  );
});
