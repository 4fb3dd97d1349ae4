/** httpd's own `httpd.conf` and, beside it, `extra/`: as released but for Debian's paths, in the package of httpd's documentation. */
export const STOCK = '/usr/share/doc/apache2/examples/apache2/original/httpd.conf';
