/**
 * mod_slotmem_shm: slots of shared memory for other modules (modules/slotmem/mod_slotmem_shm.c). It has no directives; what balancers keep in it is
 * in this process here, but a configuration that loads mod_proxy_balancer without it does not start, as in httpd.
 */
import { defineModule } from '../../core/module.ts';

export const modSlotmemShm = defineModule({ name: 'slotmem_shm_module', file: 'mod_slotmem_shm.c' });
