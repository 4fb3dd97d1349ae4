// Loaded before the command (NODE_OPTIONS): writes down which files below COUNT_BELOW are looked at and opened, a line each, to COUNT_TO.
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const { COUNT_BELOW, COUNT_TO } = process.env;
const to = fs.openSync(COUNT_TO, 'a');
for (const [name, verb] of [
  ['statSync', 'look'],
  ['lstatSync', 'look'],
  ['openSync', 'open'],
]) {
  const original = fs[name];
  fs[name] = (file, ...rest) => {
    const path = String(file);
    if (path.startsWith(COUNT_BELOW)) fs.writeSync(to, `${verb} ${path.slice(COUNT_BELOW.length)}\n`);
    return original(file, ...rest);
  };
}
syncBuiltinESMExports();
