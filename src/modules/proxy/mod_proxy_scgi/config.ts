/** ProxySCGISendfile and ProxySCGIInternalRedirect: On, Off, or the field's name (scgi_config of mod_proxy_scgi.c). */
export interface ScgiDirConf {
  /** Name of the field; `off`. */
  sendfile?: FieldChoice;
  internalRedirect?: FieldChoice;
}

export type FieldChoice = { readonly field: string } | 'off';

export function fieldChoice(text: string, whenOn: string): FieldChoice {
  const lower = text.toLowerCase();
  if (lower === 'off') return 'off';
  return { field: lower === 'on' ? whenOn : text };
}

/** What the inner section says counts. */
export function mergeScgiDir(base: ScgiDirConf, add: ScgiDirConf): ScgiDirConf {
  return { ...base, ...add };
}
