/** Code hosting, package registries, monitoring, work tools. */
import { token, type Rule } from "../rule.ts";

export const code: readonly Rule[] = [
  token("github-token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], "gh[pousr]_[A-Za-z0-9]{36,255}"),
  token("github-token", ["github_pat_"], "github_pat_[A-Za-z0-9_]{22,255}"),
  token(
    "gitlab-token",
    ["glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glsoat-", "glft-", "glagent-"],
    "gl(?:pat|dt|rt|ptt|cbt|soat|ft|agent)-[A-Za-z0-9_.-]{20,120}",
  ),
  token("atlassian-token", ["atatt3", "atctt3"], "AT[AC]TT3[A-Za-z0-9_=-]{40,300}"),
  token("npm-token", ["npm_"], "npm_[A-Za-z0-9]{36}"),
  token("pypi-token", ["pypi-"], "pypi-[A-Za-z0-9_-]{50,300}"),
  token("rubygems-key", ["rubygems_"], "rubygems_[0-9a-f]{48}"),
  token("sentry-token", ["sntrys_", "sntryu_"], "sntry[su]_[A-Za-z0-9+/=_-]{40,400}"),
  token("grafana-token", ["glsa_", "glc_"], "gl(?:sa|c)_[A-Za-z0-9+/=_]{32,200}"),
  token("newrelic-key", ["nrak-", "nraa-", "nrii-"], "NR(?:AK|AA|II)-[A-Za-z0-9_-]{20,60}"),
  token("posthog-key", ["phx_"], "phx_[A-Za-z0-9]{30,60}"),
  token("linear-key", ["lin_api_"], "lin_api_[A-Za-z0-9]{30,60}"),
  token("notion-token", ["ntn_", "secret_"], "(?:ntn_[A-Za-z0-9]{40,60}|secret_[A-Za-z0-9]{43})"),
  token("figma-token", ["figd_"], "figd_[A-Za-z0-9_-]{30,60}"),
  token("airtable-token", ["pat"], "pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}"),
  token("postman-key", ["pmak-"], "PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
];
