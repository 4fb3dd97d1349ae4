/**
 * Property tests try the same values in every run, so that a failure is the change's and not the day's. `PROPERTY_SEED=random` (or a number) goes
 * looking for others.
 */
import fc from 'fast-check';

const wanted = process.env.PROPERTY_SEED;
const seed = wanted === undefined ? 20_261_123 : Number(wanted);
fc.configureGlobal(Number.isInteger(seed) ? { seed } : {});
