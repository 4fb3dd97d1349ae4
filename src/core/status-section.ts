/** What modules add to the server-status pages (the status_hook of httpd's mod_status). */
import type { Request } from './request.ts';

/** Group of providers: one a module, under any name; asked in the order the modules are loaded. */
export const STATUS_SECTION = 'status-section';

/** @param isText for programs (`?auto`): lines of `Name: value`; else HTML. Empty where there is nothing to tell. */
export type StatusSection = (r: Request, isText: boolean) => string;
