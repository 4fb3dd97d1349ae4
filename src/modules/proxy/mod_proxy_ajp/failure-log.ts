/** What httpd says of a dialog with a container that failed: one line for each layer that noticed (ajp_msg.c, ajp_link.c, ajp_header.c, mod_proxy_ajp.c). */
import { describeAddress } from '../../../backend/connect.ts';
import type { BackendFailure } from '../../../backend/failure.ts';
import { Level, logRequest, logServer } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { systemError } from '../../../lib/error-text.ts';
import { ENDED, TIMED_OUT } from '../shared/answer.ts';
import { hostAndPort } from '../shared/errors.ts';
import type { ProxyTarget } from '../shared/scheme.ts';
import { DEFAULT_PACKET_SIZE, MAX_PACKET_SIZE, PACKET_HEADER } from './constants.ts';
import type { AjpDriver, AjpFault } from './driver.ts';

export const MODULE = 'proxy_ajp';

/** APR's text for the error numbers of mod_proxy_ajp (ajp.h). */
function ajpError(number: number): string {
  return `(${number})APR does not understand this error code`;
}
const OVERFLOW = ajpError(120001);
const NO_HEADER = ajpError(120006);
const BAD_HEADER = ajpError(120007);
const BAD_MESSAGE = ajpError(120008);

/** `127.0.0.1:8009 (host:8009)`. */
export function dialogPartner(target: ProxyTarget): string {
  const { host, port } = hostAndPort(target);
  return `${describeAddress(target.address)} (${host}:${port})`;
}

export function logFailure(
  r: Request,
  target: ProxyTarget,
  driver: AjpDriver,
  failure: BackendFailure,
): void {
  const { fault } = driver;
  const error = fault === undefined ? logReceiving(r, driver, failure) : logFault(r, driver, fault, target);
  const partner = dialogPartner(target);
  if (driver.isAwaitingPong) {
    const message = `cping/cpong failed to ${partner}`;
    logRequest(r, MODULE, Level.error, 'AH00897', message, error);
  } else if (driver.hasReceived) {
    logRequest(r, MODULE, Level.error, 'AH00893', `dialog to ${partner} failed`, error);
  } else {
    logRequest(r, MODULE, Level.error, 'AH00878', `read response failed from ${partner}`, error);
  }
}

/** No whole packet came. @returns the error the next layer sees. */
function logReceiving(r: Request, driver: AjpDriver, failure: BackendFailure): string {
  const { kind, detail } = failure;
  const error = kind === 'timeout' ? TIMED_OUT : kind === 'closed' ? ENDED : systemError(detail);
  const { awaited } = driver;
  if (awaited === undefined) {
    logLink(r, 'AH01030', "ajp_ilink_receive() can't receive header", error);
  } else {
    const message = `ajp_ilink_receive() error while receiving message body of length ${awaited}`;
    logLink(r, 'AH01032', message, error);
  }
  logReadFailed(r, driver);
  if (kind === 'timeout') return TIMED_OUT;
  return awaited === undefined ? NO_HEADER : BAD_MESSAGE;
}

function logReadFailed(r: Request, driver: AjpDriver): void {
  const [tag, message] = driver.isAwaitingPong
    ? ['AH01012', 'ajp_handle_cping_cpong: ajp_ilink_receive failed']
    : ['AH00992', 'ajp_read_header: ajp_ilink_receive failed'];
  logRequest(r, MODULE, Level.error, tag as string, message as string);
}

function logLink(r: Request, tag: string, message: string, error?: string): void {
  logServer(r.server, MODULE, Level.error, tag, message, error);
}

/** @returns the error the next layer sees. */
function logFault(r: Request, driver: AjpDriver, fault: AjpFault, target: ProxyTarget): string | undefined {
  switch (fault.kind) {
    case 'signature': {
      const shown = fault.value.toString(16).padStart(4, '0');
      logLink(r, 'AH01080', `ajp_msg_check_header() got bad signature ${shown}`);
      break;
    }
    case 'too-large': {
      const most = packetSizeOf(target) - PACKET_HEADER;
      const message = `ajp_msg_check_header() incoming message is too big ${fault.value}, max is ${most}`;
      logLink(r, 'AH01081', message);
      break;
    }
    case 'empty':
      logOverflow(r, 'ajp_msg_peek_uint8', PACKET_HEADER);
      logRequest(r, MODULE, Level.error, 'AH00993', 'ajp_read_header: ajp_msg_peek_uint8 failed');
      return OVERFLOW;
    case 'packet': {
      const { tag, message, cuts } = fault.bad;
      for (let i = 0; i < cuts; i++) logOverflow(r, 'ajp_msg_get_string', 0);
      logRequest(r, MODULE, Level.error, tag, message);
      return cuts > 0 ? OVERFLOW : BAD_HEADER;
    }
    case 'reuse':
      logOverflow(r, 'ajp_msg_get_uint8', PACKET_HEADER + 1);
      return OVERFLOW;
    case 'unexpected':
      if (!driver.isAwaitingPong) return undefined;
      logRequest(
        r,
        MODULE,
        Level.error,
        'AH01014',
        `ajp_handle_cping_cpong: awaited CPONG, received ${fault.value} `,
      );
      return '(20014)Internal error (specific information not available)';
    default:
      return undefined;
  }
  logLink(r, 'AH01031', 'ajp_ilink_receive() received bad header');
  logReadFailed(r, driver);
  return BAD_HEADER;
}

function logOverflow(r: Request, name: string, at: number): void {
  logLink(r, 'AH03229', `${name}(): BufferOverflowException ${at} ${at}`);
}

/** Bytes of a packet: the worker's iobuffersize, else ProxyIOBufferSize, within its limits, in whole kilobytes. */
export function packetSizeOf({ worker, server }: ProxyTarget): number {
  const written = worker.options.ioBufferSize ?? server.ioBufferSize ?? 0;
  const size = Math.min(Math.max(written, DEFAULT_PACKET_SIZE), MAX_PACKET_SIZE);
  return Math.ceil(size / 1024) * 1024;
}
