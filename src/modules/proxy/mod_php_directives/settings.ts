/**
 * Settings of PHP 8.2 by name: what they are where neither php.ini nor anybody else says anything, and which of them only the system may change. Facts,
 * as ini_get_all() of a PHP without php.ini tells them.
 */

/** May be changed in sections and .htaccess files. `name=default`, spaces of a default as %20. */
const CHANGEABLE = `
    SMTP=localhost arg_separator.input=& arg_separator.output=& assert.active=1 assert.bail=0 assert.callback=
    assert.exception=1 assert.warning=1 auto_append_file= auto_detect_line_endings=0 auto_globals_jit=1
    auto_prepend_file= date.default_latitude=31.7667 date.default_longitude=35.2333 date.sunrise_zenith=90.833333
    date.sunset_zenith=90.833333 date.timezone=UTC default_charset=UTF-8 default_mimetype=text/html
    default_socket_timeout=60 display_errors=1 display_startup_errors=1 docref_ext= docref_root=
    enable_post_data_reading=1 error_append_string= error_log= error_log_mode=0644 error_prepend_string=
    error_reporting=32767 exif.decode_jis_intel=JIS exif.decode_jis_motorola=JIS exif.decode_unicode_intel=UCS-2LE
    exif.decode_unicode_motorola=UCS-2BE exif.encode_jis= exif.encode_unicode=ISO-8859-15 fiber.stack_size=
    filter.default=unsafe_raw filter.default_flags= from= gd.jpeg_ignore_warning=1 highlight.comment=#FF8000
    highlight.default=#0000BB highlight.html=#000000 highlight.keyword=#007700 highlight.string=#DD0000 html_errors=1
    iconv.input_encoding= iconv.internal_encoding= iconv.output_encoding= ignore_repeated_errors=0
    ignore_repeated_source=0 ignore_user_abort=0 implicit_flush=0 include_path=.:/usr/share/php input_encoding=
    internal_encoding= intl.default_locale= intl.error_level=0 log_errors=0 mail.add_x_header=0
    mail.force_extra_parameters= mail.log= mail.mixed_lf_and_crlf=0 max_execution_time=30 max_file_uploads=20
    max_input_nesting_level=64 max_input_time=-1 max_input_vars=1000 max_multipart_body_parts=-1
    mbstring.detect_order= mbstring.encoding_translation=0 mbstring.http_input= mbstring.http_output=
    mbstring.internal_encoding= mbstring.language=neutral mbstring.strict_detection=0 mbstring.substitute_character=
    memory_hard_limit_percent= memory_limit=128M opcache.consistency_checks=0 opcache.dups_fix=0 opcache.enable=1
    opcache.file_update_protection=2 opcache.revalidate_freq=2 opcache.revalidate_path=0 opcache.validate_timestamps=1
    open_basedir= output_buffering=0 output_encoding= output_handler= pcre.backtrack_limit=1000000 pcre.jit=1
    pcre.recursion_limit=100000 phar.readonly=1 phar.require_hash=1 post_max_size=8M precision=14 register_argc_argv=1
    report_memleaks=1 report_zend_debug=0 request_order= sendmail_from= serialize_precision=-1 session.auto_start=0
    session.cache_expire=180 session.cache_limiter=nocache session.cookie_domain= session.cookie_httponly=0
    session.cookie_lifetime=0 session.cookie_path=/ session.cookie_samesite= session.cookie_secure=0
    session.gc_divisor=100 session.gc_maxlifetime=1440 session.gc_probability=1 session.lazy_write=1
    session.name=PHPSESSID session.referer_check= session.save_handler=files session.save_path=/var/lib/php/sessions
    session.serialize_handler=php session.sid_bits_per_character=4 session.sid_length=32 session.trans_sid_hosts=
    session.trans_sid_tags=a=href,area=href,frame=src,form= session.upload_progress.cleanup=1
    session.upload_progress.enabled=0 session.upload_progress.freq=1% session.upload_progress.min_freq=1
    session.upload_progress.name=PHP_SESSION_UPLOAD_PROGRESS session.upload_progress.prefix=upload_progress_
    session.use_cookies=1 session.use_only_cookies=1 session.use_strict_mode=0 session.use_trans_sid=0
    short_open_tag=1 smtp_port=25 soap.wsdl_cache_dir=/tmp soap.wsdl_cache_enabled=1 soap.wsdl_cache_ttl=86400
    syslog.filter=no-ctrl unserialize_callback_func= unserialize_max_depth=4096 upload_max_filesize=2M
    url_rewriter.hosts= url_rewriter.tags=form= user_agent= variables_order=EGPCS xmlrpc_error_number=0
    zend.assertions=1 zend.detect_unicode=1 zend.enable_gc=1 zend.exception_ignore_args=0
    zend.exception_string_param_max_len=15 zend.multibyte=0 zend.script_encoding= zlib.output_compression=0
    zlib.output_compression_level=-1 zlib.output_handler=`;

/** php_admin_value and php_admin_flag only (PHP_INI_SYSTEM). */
const SYSTEM_ONLY = `
    allow_url_fopen=1 allow_url_include=0 browscap= doc_root= expose_php=1 fastcgi.error_header= fastcgi.logging=1
    file_uploads=1 opcache.blacklist_filename= opcache.enable_file_override=0 opcache.error_log= opcache.file_cache=
    opcache.file_cache_consistency_checks=1 opcache.file_cache_only=0 opcache.force_restart_timeout=180
    opcache.huge_code_pages=0 opcache.interned_strings_buffer=8 opcache.lockfile_path=/tmp
    opcache.log_verbosity_level=1 opcache.max_accelerated_files=10000 opcache.max_file_size=0
    opcache.max_wasted_percentage=5 opcache.memory_consumption=128 opcache.opt_debug_level=0
    opcache.optimization_level=0x7FFEBFFF opcache.preferred_memory_model= opcache.preload= opcache.preload_user=
    opcache.protect_memory=0 opcache.record_warnings=0 opcache.restrict_api= opcache.save_comments=1 opcache.use_cwd=1
    opcache.validate_permission=0 opcache.validate_root=0 phar.cache_list= realpath_cache_size=4096K
    realpath_cache_ttl=120 sendmail_path=/usr/sbin/sendmail%20-t%20-i sys_temp_dir= syslog.facility=LOG_USER
    syslog.ident=php upload_tmp_dir= user_dir= user_ini.cache_ttl=300 user_ini.filename=.user.ini xmlrpc_errors=0
    zend.signal_check=0`;

/** In the manuals of PHP 5; no PHP since 7 knows them, and none complains of them. */
const RETIRED = new Set(
  `allow_call_time_pass_reference always_populate_raw_post_data asp_tags define_syslog_variables magic_quotes_gpc magic_quotes_runtime
  magic_quotes_sybase mbstring.func_overload register_globals register_long_arrays safe_mode safe_mode_gid safe_mode_exec_dir
  safe_mode_include_dir sql.safe_mode suhosin.request.max_vars suhosin.post.max_vars track_errors track_vars y2k_compliance
  zend.ze1_compatibility_mode xsl.security_prefs`.split(/\s+/),
);

/** What FPM takes in for the rest of its process's life, whoever asks next. */
const PERMANENT = new Set(['disable_functions', 'disable_classes', 'extension', 'zend_extension', 'dl']);

/** Names that PHP's reader of settings takes for values. */
const RESERVED = new Set(['on', 'off', 'yes', 'no', 'true', 'false', 'none', 'null']);

/** What .htaccess files of applications set. */
export const USUAL_NAMES: readonly string[] =
  `auto_append_file auto_prepend_file date.timezone default_charset display_errors display_startup_errors error_log error_reporting
  html_errors include_path log_errors max_execution_time max_file_uploads max_input_time max_input_vars memory_limit output_buffering
  post_max_size session.cookie_httponly session.cookie_lifetime session.cookie_secure session.gc_maxlifetime session.name
  session.use_only_cookies short_open_tag upload_max_filesize zlib.output_compression`.split(/\s+/);

interface Setting {
  readonly fallback: string;
  readonly isSystemOnly: boolean;
}
let table: Map<string, Setting> | undefined;

function settings(): ReadonlyMap<string, Setting> {
  if (table === undefined) {
    table = new Map();
    for (const [text, isSystemOnly] of [
      [CHANGEABLE, false],
      [SYSTEM_ONLY, true],
    ] as const) {
      for (const pair of text.trim().split(/\s+/)) {
        const equals = pair.indexOf('=');
        const fallback = pair.slice(equals + 1).replaceAll('%20', ' ');
        table.set(pair.slice(0, equals), { fallback, isSystemOnly });
      }
    }
  }
  return table;
}

/** PHP's own value of a setting; undefined for one that is not known here. */
export function defaultOf(name: string): string | undefined {
  return settings().get(name)?.fallback;
}

export function isSystemOnly(name: string): boolean {
  return settings().get(name)?.isSystemOnly === true;
}

/** Nothing is to be sent for it: there is no such setting any more. */
export function isRetired(name: string): boolean {
  return RETIRED.has(name);
}

/** Why a setting of this name cannot be sent to FPM; undefined when it can. */
export function nameFault(name: string): string | undefined {
  if (!/^[A-Za-z_][\w.-]*$/.test(name) || RESERVED.has(name.toLowerCase()))
    return `"${name}" is no name of a PHP setting`;
  if (PERMANENT.has(name))
    return `${name} would hold for every later request of the PHP process too: it has its place in php.ini or the pool's configuration`;
  return undefined;
}
