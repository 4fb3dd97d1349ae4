/** Everything about a status in one place: names, lines and the pages httpd makes for it. */
export { cannedErrorPage, type ErrorPage, signatureHtml } from './error-page.ts';
export { hasNoBody, isKnownStatus, reasonPhrase, statusLine } from './reason-phrases.ts';
