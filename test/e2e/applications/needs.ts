/** Files of applications that `.ci/applications` puts in place: what is missing there is not tested. */
export const NEEDS = {
  WordPress: [
    '/usr/share/wordpress/index.php',
    '/usr/share/doc/wordpress/examples/apache.conf',
    '/etc/wordpress/config-default.php',
  ],
  MediaWiki: ['/usr/share/mediawiki/index.php', '/etc/apache2/conf-available/mediawiki.conf'],
  phpMyAdmin: ['/usr/share/phpmyadmin/index.php', '/etc/phpmyadmin/apache.conf'],
  DokuWiki: ['/usr/share/dokuwiki/doku.php', '/etc/dokuwiki/apache.conf'],
} as const;
