/**
 * Numbers of the FastCGI 1.0 specification (sections 3.3 and 8). All integers on the wire are big-endian.
 */

export const FCGI_VERSION = 1;

/** Bytes of a record header: version, type, requestId (2), contentLength (2), paddingLength, reserved. */
export const HEADER_LENGTH = 8;

/** The most content one record can carry: contentLength is 16 bits. */
export const MAX_CONTENT_LENGTH = 0xffff;

/** Record types (section 8). */
export const RecordType = {
  BeginRequest: 1,
  AbortRequest: 2,
  EndRequest: 3,
  Params: 4,
  Stdin: 5,
  Stdout: 6,
  Stderr: 7,
  Data: 8,
  GetValues: 9,
  GetValuesResult: 10,
  UnknownType: 11,
} as const;

/** Roles of BEGIN_REQUEST (section 5.1). */
export const Role = { Responder: 1, Authorizer: 2, Filter: 3 } as const;
export type Role = (typeof Role)[keyof typeof Role];

/** The flag of BEGIN_REQUEST by which the server keeps the connection (section 3.5). */
export const FLAG_KEEP_CONNECTION = 1;

/** protocolStatus of END_REQUEST (section 5.5). */
export const ProtocolStatus = {
  RequestComplete: 0,
  CantMultiplex: 1,
  Overloaded: 2,
  UnknownRole: 3,
} as const;

/** The request id of management records (section 4). */
export const NULL_REQUEST_ID = 0;
