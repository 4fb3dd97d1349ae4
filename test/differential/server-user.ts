/** The user both servers and PHP drop to when the tests run as root. */
export const serverUser = { name: 'www-data', uid: 33, gid: 33 };

export function runsAsRoot(): boolean {
  return process.getuid?.() === 0;
}
