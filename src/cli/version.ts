/** What -v, -V and -l print (server/main.c). */
import { arch } from 'node:os';
import { HTTPD_VERSION } from '../core/server-identity.ts';
import { toBytes } from '../lib/byte-string.ts';
import { DEFAULT_ERROR_LOG, DEFAULT_PID_FILE } from '../server/paths.ts';
import { CONFIG_FILE, packageRoot, serverBuilt } from './defaults.ts';

export function versionText(): string {
  return `Server version: Apache/${HTTPD_VERSION} (apache-lite)\nServer built:   ${serverBuilt()}\n`;
}

/** `mpm` without `mpm_` and `_module`; empty when none is loaded. */
export function settingsText(mpm: string): string {
  const { node, v8, openssl } = process.versions;
  const lines = [
    "Server's Module Magic Number: 20120211:142",
    `Server loaded:  Node.js ${node}, V8 ${v8}, OpenSSL ${openssl}`,
    `Architecture:   ${/64|s390x/.test(arch()) ? 64 : 32}-bit`,
    `Server MPM:     ${mpm}`,
  ];
  if (mpm !== '') lines.push('  threaded:     no', '    forked:     no');
  lines.push(
    'Server compiled with....',
    ' -D APR_HAVE_IPV6 (IPv4-mapped addresses enabled)',
    ' -D AP_HAVE_RELIABLE_PIPED_LOGS',
    ` -D HTTPD_ROOT="${toBytes(packageRoot())}"`,
    ` -D DEFAULT_PIDLOG="${DEFAULT_PID_FILE}"`,
    ` -D DEFAULT_ERRORLOG="${DEFAULT_ERROR_LOG}"`,
    ' -D AP_TYPES_CONFIG_FILE="conf/mime.types"',
    ` -D SERVER_CONFIG_FILE="${CONFIG_FILE}"`,
  );
  return `${versionText()}${lines.join('\n')}\n`;
}

export function compiledInText(modules: readonly { readonly file: string }[]): string {
  return `Compiled in modules:\n${modules.map(({ file }) => `  ${file}\n`).join('')}`;
}
