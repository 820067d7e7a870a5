/**
 * Names of variables with which a committed file could take over the programs that get it. They are refused at import and at run,
 * for plain values, references and stored values alike, unless a person allowed the name for the project.
 */
const exact = new Set(
  `LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT GCONV_PATH NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED PYTHONSTARTUP
  PYTHONPATH PYTHONHOME PERL5OPT RUBYOPT JAVA_TOOL_OPTIONS BASH_ENV ENV IFS PATH GIT_EXTERNAL_DIFF EDITOR PAGER`.split(/\s+/),
);
const prefixes = ["DYLD_", "BASH_FUNC_", "SSL_CERT_", "GIT_CONFIG", "GIT_SSH"];
/** Their readers ignore case. */
const anyCase = [/_proxy$/i, /^npm_config_/i];

export function dangerous(name: string): boolean {
  if (name === "" || /[=\0\r\n]/.test(name)) return true;
  if (exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix))) return true;
  return anyCase.some((pattern) => pattern.test(name));
}
