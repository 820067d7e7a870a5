/**
 * Names of variables with which a committed file could take over the programs that get it. They are refused at import and at run,
 * for plain values, references and stored values alike, unless a person allowed the name for the project.
 */
const exact = new Set(
  `LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT GCONV_PATH NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED PYTHONSTARTUP
  PYTHONPATH PYTHONHOME PYTHONBREAKPOINT PYTHONINSPECT PERL5OPT PERL5LIB PERLLIB PERL5DB RUBYOPT RUBYLIB
  JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS BASH_ENV ENV IFS PATH PS4 PROMPT_COMMAND SHELLOPTS BASHOPTS ZDOTDIR GIT_EXTERNAL_DIFF
  GIT_EXEC_PATH GIT_TEMPLATE_DIR GIT_ASKPASS GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_PAGER GIT_PROXY_COMMAND GIT_DIR EDITOR VISUAL PAGER
  MANPAGER LESSOPEN LESSCLOSE SSH_ASKPASS SUDO_ASKPASS DOTNET_STARTUP_HOOKS CORECLR_PROFILER_PATH COR_PROFILER_PATH PHPRC
  PHP_INI_SCAN_DIR LUA_INIT LUA_PATH LUA_CPATH OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES SSLKEYLOGFILE NODE_PATH NODE_V8_COVERAGE
  NODE_REPL_EXTERNAL_MODULE RUSTC_WRAPPER CARGO_BUILD_RUSTC_WRAPPER MAKEFLAGS HOSTALIASES GTK_MODULES QT_PLUGIN_PATH`.split(/\s+/),
);
const prefixes = ["DYLD_", "LD_DEBUG", "LD_PROFILE", "BASH_FUNC_", "SSL_CERT_", "GIT_CONFIG", "GIT_SSH"];
/** Their readers ignore case. */
const anyCase = [/_proxy$/i, /^npm_config_/i];

export function dangerous(name: string): boolean {
  if (name === "" || /[=\0\r\n]/.test(name)) return true;
  if (exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix))) return true;
  return anyCase.some((pattern) => pattern.test(name));
}
