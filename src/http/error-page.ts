/**
 * The pages httpd makes itself: ap_send_error_response and get_canned_error_string of modules/http/http_protocol.c.
 * The wording is the interface here; every page was compared with the one httpd 2.4.71 sends.
 */
import { escapeHtml } from './escape.ts';
import { statusLine } from './reason-phrases.ts';

/** What an error page shows. Texts are not escaped unless said so. */
export interface ErrorPage {
  readonly status: number;
  /** "404 Not Found", where a backend or module gave its own reason; by default the usual one. */
  readonly statusLine?: string | undefined;
  readonly method: string;
  /** Decoded path of the request (r->uri). */
  readonly uri: string;
  /** The Location field of a redirect. */
  readonly location?: string | undefined;
  /** HTML to explain the matter (r->notes "error-notes"); only some pages show it. */
  readonly notes?: string | undefined;
  /** Whether the notes may be shown to anyone ("verbose-error-to" is "*"); only then does a 500 show them. */
  readonly verboseNotes?: boolean | undefined;
  /** HTML list of variants from content negotiation, for 300, 406 and 506 ("variant-list"). */
  readonly variantList?: string | undefined;
  /** The Expect field of the request, for 417. */
  readonly expect?: string | undefined;
  /** ServerAdmin. */
  readonly admin?: string | undefined;
  /** Status met while trying to use an ErrorDocument; 0 or undefined for none. */
  readonly secondStatus?: number | undefined;
  /** HTML of ServerSignature with its rule before it, or "". */
  readonly signature?: string | undefined;
}

const UNAUTHORIZED = `<p>This server could not verify that you
are authorized to access the document
requested.  Either you supplied the wrong
credentials (e.g., bad password), or your
browser doesn't understand how to supply
the credentials required.</p>
`;

const FIXED: Readonly<Record<number, string>> = {
  401: UNAUTHORIZED,
  404: '<p>The requested URL was not found on this server.</p>\n',
  407: UNAUTHORIZED,
  408: '<p>Server timeout waiting for the HTTP request from the client.</p>\n',
  410: `<p>The requested resource is no longer available on this server and there is no forwarding address.
Please remove all references to this resource.</p>
`,
  412: '<p>The precondition on the request for this URL evaluated to false.</p>\n',
  415: `<p>The supplied request data is not in a format
acceptable for processing by this resource.</p>
`,
  416: `<p>None of the range-specifier values in the Range
request-header field overlap the current extent
of the selected resource.</p>
`,
  421: `<p>The client needs a new connection for this
request as the requested host name does not match
the Server Name Indication (SNI) in use for this
connection.</p>
`,
  422: `<p>The server understands the media type of the
request entity, but was unable to process the
contained instructions.</p>
`,
  423: `<p>The requested resource is currently locked.
The lock must be released or proper identification
given before the method can be applied.</p>
`,
  424: `<p>The method could not be performed on the resource
because the requested action depended on another
action and that other action failed.</p>
`,
  426: `<p>The requested resource can only be retrieved
using SSL.  The server is willing to upgrade the current
connection to SSL, but your client doesn't support it.
Either upgrade your client, or try requesting the page
using https://
`,
  428: '<p>The request is required to be conditional.</p>\n',
  429: '<p>The user has sent too many requests\nin a given amount of time.</p>\n',
  431: '<p>The server refused this request because\nthe request header fields are too large.</p>\n',
  503: `<p>The server is temporarily unable to service your
request due to maintenance downtime or capacity
problems. Please try again later.</p>
`,
  504: '<p>The gateway did not receive a timely response\nfrom the upstream server or application.</p>\n',
  507: `<p>The method could not be performed on the resource
because the server is unable to store the
representation needed to successfully complete the
request.  There is insufficient free space left in
your storage allocation.</p>
`,
  508: '<p>The server terminated an operation because\nit encountered an infinite loop.</p>\n',
  510: '<p>A mandatory extension policy in the request is not\naccepted by the server for this resource.</p>\n',
  511: '<p>The client needs to authenticate to gain\nnetwork access.</p>\n',
};

function serverError(page: ErrorPage): string {
  if (page.notes !== undefined && page.verboseNotes === true) return `${page.notes}<p />\n`;
  const admin = escapeHtml(page.admin ?? '[no address given]');
  return `<p>The server encountered an internal error or
misconfiguration and was unable to complete
your request.</p>
<p>Please contact the server administrator at \n ${admin} to inform them of the time this error occurred,
 and the actions you performed just before this error.</p>
<p>More information about this error may be available
in the server error log.</p>
`;
}

function expectation(expect: string | undefined): string {
  const shown =
    expect === undefined
      ? '<p>No expectation was seen, the Expect request-header \nfield was not presented by the client.\n'
      : `<p>The expectation given in the Expect request-header
field could not be met by this server.
The client sent<pre>
    Expect: ${escapeHtml(expect)}
</pre>
`;
  return `${shown}</p><p>Only the 100-continue expectation is supported.</p>\n`;
}

function explanation(page: ErrorPage): string {
  const notes = page.notes ?? '';
  const variants = page.variantList ?? '';
  const method = escapeHtml(page.method);
  const location = escapeHtml(page.location ?? '');
  switch (page.status) {
    case 300:
      return variants;
    case 301:
    case 302:
    case 307:
    case 308:
      return `<p>The document has moved <a href="${location}">here</a>.</p>\n`;
    case 303:
      return `<p>The answer to your request is located <a href="${location}">here</a>.</p>\n`;
    case 305:
      // httpd takes the Location for this text only after it has moved the field out of reach: the line stays empty.
      return `<p>This resource is only accessible through the proxy
<br />
You will need to configure your client to use that proxy.</p>
`;
    case 400:
      return `<p>Your browser sent a request that this server could not understand.<br />\n${notes}</p>\n`;
    case 403:
      return `<p>You don't have permission to access this resource.${notes}</p>\n`;
    case 405:
      return `<p>The requested method ${method} is not allowed for this URL.</p>\n`;
    case 406:
      return `<p>An appropriate representation of the requested resource could not be found on this server.</p>\n${variants}`;
    case 411:
      return `<p>A request of the requested method ${method} requires a valid Content-length.<br />\n${notes}</p>\n`;
    case 413:
      return `The requested resource does not allow request data with ${method} requests, or the amount of data provided in
the request exceeds the capacity limit.
`;
    case 414:
      return `<p>The requested URL's length exceeds the capacity\nlimit for this server.<br />\n${notes}</p>\n`;
    case 417:
      return expectation(page.expect);
    case 451:
      return `<p>Access to this URL has been denied for legal reasons.<br />\n${notes}</p>\n`;
    case 501:
      return `<p>${method} not supported for current URL.<br />\n${notes}</p>\n`;
    case 502:
      return `<p>The proxy server received an invalid\r\nresponse from an upstream server.<br />\r\n${notes}</p>\n`;
    case 506:
      return `<p>A variant for the requested resource
<pre>
${variants}
</pre>
is itself a negotiable resource. This indicates a configuration error.</p>
`;
    default:
      return FIXED[page.status] ?? serverError(page);
  }
}

/** The whole page; empty for codes that have no body. */
export function cannedErrorPage(page: ErrorPage): string {
  if (page.status === 204 || page.status === 304 || page.status < 200) return '';
  const title = escapeHtml(page.statusLine ?? statusLine(page.status));
  const second =
    page.secondStatus === undefined || page.secondStatus === 0
      ? ''
      : `<p>Additionally, a ${statusLine(page.secondStatus)}
error was encountered while trying to use an ErrorDocument to handle the request.</p>
`;
  return `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">
<html><head>
<title>${title}</title>
</head><body>
<h1>${title.slice(4)}</h1>
${explanation(page)}${second}${page.signature ?? ''}</body></html>
`;
}
