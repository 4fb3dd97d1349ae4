/** Extensions of file names: what mod_mime knows files by and mod_negotiation chooses by. */

/** Where the extensions of a base name begin: behind its first dot that is no leading one. */
export function extensionsStart(path: string): number {
  let at = path.lastIndexOf('/') + 1;
  while (path.charCodeAt(at) === 0x2e) at++;
  const dot = path.indexOf('.', at);
  return dot < 0 ? path.length : dot + 1;
}
