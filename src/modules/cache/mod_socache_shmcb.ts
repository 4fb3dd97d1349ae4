/**
 * mod_socache_shmcb: in httpd a cache in shared memory for other modules to use (modules/cache/mod_socache_shmcb.c). Caches here are those modules'
 * own, in the memory of the process; this one is there to be named.
 */
import { defineModule } from '../../core/module.ts';

export const modSocacheShmcb = defineModule({ name: 'socache_shmcb_module', file: 'mod_socache_shmcb.c' });
