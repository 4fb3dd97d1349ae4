/** Numbers of AJP 1.3 (https://tomcat.apache.org/connectors-doc/ajp/ajpv13a.html, and httpd's ajp_header.h). Integers on the wire are big-endian. */

/** Bytes before a packet's payload: two of a signature, two of the payload's length. */
export const PACKET_HEADER = 4;
/** Signature of packets to a container; it is taken from one, too, as httpd does. */
export const TO_CONTAINER = 0x1234;
/** `AB`: signature of packets from a container. */
export const FROM_CONTAINER = 0x4142;
export const DEFAULT_PACKET_SIZE = 8192;
export const MAX_PACKET_SIZE = 65536;
/** Of a packet of body data: what is not data. */
export const DATA_OVERHEAD = 6;

/** The first byte of a payload. */
export const PacketType = {
  ForwardRequest: 2,
  SendBodyChunk: 3,
  SendHeaders: 4,
  EndResponse: 5,
  GetBodyChunk: 6,
  Cpong: 9,
  Cping: 10,
} as const;

/** Methods with a number; any other is sent as an attribute. httpd has no number for ACL and SEARCH, though AJP has. */
export const METHOD_CODES: ReadonlyMap<string, number> = new Map([
  ['OPTIONS', 1],
  ['GET', 2],
  ['HEAD', 3],
  ['POST', 4],
  ['PUT', 5],
  ['DELETE', 6],
  ['TRACE', 7],
  ['PROPFIND', 8],
  ['PROPPATCH', 9],
  ['MKCOL', 10],
  ['COPY', 11],
  ['MOVE', 12],
  ['LOCK', 13],
  ['UNLOCK', 14],
  ['REPORT', 16],
  ['VERSION-CONTROL', 17],
  ['CHECKIN', 18],
  ['CHECKOUT', 19],
  ['UNCHECKOUT', 20],
  ['MKWORKSPACE', 22],
  ['UPDATE', 23],
  ['LABEL', 24],
  ['MERGE', 25],
  ['BASELINE-CONTROL', 26],
  ['MKACTIVITY', 27],
]);
export const STORED_METHOD = 0xff;

/** Names of request fields that are sent as numbers, by lower-case name. */
export const REQUEST_FIELD_CODES: ReadonlyMap<string, number> = new Map([
  ['accept', 0xa001],
  ['accept-charset', 0xa002],
  ['accept-encoding', 0xa003],
  ['accept-language', 0xa004],
  ['authorization', 0xa005],
  ['connection', 0xa006],
  ['content-type', 0xa007],
  ['content-length', 0xa008],
  ['cookie', 0xa009],
  ['cookie2', 0xa00a],
  ['host', 0xa00b],
  ['pragma', 0xa00c],
  ['referer', 0xa00d],
  ['user-agent', 0xa00e],
]);

/** Names of answer fields by number, from 0xA001. */
export const RESPONSE_FIELDS: readonly string[] = [
  'Content-Type',
  'Content-Language',
  'Content-Length',
  'Date',
  'Last-Modified',
  'Location',
  'Set-Cookie',
  'Set-Cookie2',
  'Servlet-Engine',
  'Status',
  'WWW-Authenticate',
];

/** Attributes of a request. */
export const Attribute = {
  RemoteUser: 3,
  AuthType: 4,
  QueryString: 5,
  JvmRoute: 6,
  SslCert: 7,
  SslCipher: 8,
  SslSession: 9,
  /** One with a name of its own. */
  Named: 10,
  SslKeySize: 11,
  Secret: 12,
  StoredMethod: 13,
  End: 0xff,
} as const;
