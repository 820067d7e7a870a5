/** Clouds, hosts and data stores. Formats are facts from the providers' public documents. */
import { isReal, token, type Rule } from "../rule.ts";

export const cloud: readonly Rule[] = [
  token("aws-access-key-id", ["akia", "asia"], "A[KS]IA[A-Z0-9]{16}"),
  {
    id: "aws-secret-access-key",
    keywords: ["aws", "secret_access_key", "secretaccesskey"],
    pattern:
      /(?:aws|secret_?access_?key)[\w .-]{0,40}["']?[ \t]{0,5}[:=]{1,2}[ \t]{0,5}["']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/iy,
    check: isReal,
  },
  token("google-api-key", ["aiza"], "AIza[0-9A-Za-z_-]{35}"),
  token("google-oauth-secret", ["gocspx-"], "GOCSPX-[A-Za-z0-9_-]{20,40}"),
  token("google-oauth-token", ["ya29."], "ya29\\.[A-Za-z0-9_-]{20,400}"),
  {
    id: "azure-key",
    keywords: ["accountkey=", "sharedaccesskey="],
    pattern: /(?:Account|SharedAccess)Key=([A-Za-z0-9+/]{40,90}={0,2})/iy,
    check: isReal,
  },
  token("digitalocean-token", ["doo_v1_", "dop_v1_", "dor_v1_"], "do[opr]_v1_[0-9a-f]{64}"),
  token(
    "cloudflare-token",
    ["v1.0-", "cfut_", "cfat_", "cfk_"],
    "(?:v1\\.0-[0-9a-f]{24}-[0-9a-f]{100,160}|cf(?:ut|at|k)_[A-Za-z0-9_-]{30,80})",
  ),
  token(
    "vercel-token",
    ["vercel_blob_rw_", "vcp_", "vci_", "vca_", "vcr_", "vck_"],
    "(?:vercel_blob_rw|vc[piark])_[A-Za-z0-9_]{20,100}",
  ),
  token("netlify-token", ["nfp_"], "nfp_[A-Za-z0-9]{30,60}"),
  token("heroku-key", ["hrku-"], "HRKU-[A-Za-z0-9_-]{30,70}"),
  token("fly-token", ["fm1_", "fm2_", "fo1_"], "f(?:m[12]|o1)_[A-Za-z0-9+/=_-]{40,600}"),
  token("supabase-key", ["sbp_", "sb_secret_"], "(?:sbp_[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{20,60})"),
  token("planetscale-token", ["pscale_"], "pscale_(?:pw|tkn|oauth)_[A-Za-z0-9_.-]{32,64}"),
  token("databricks-token", ["dapi"], "dapi[0-9a-f]{32}(?:-\\d)?"),
  token("docker-token", ["dckr_"], "dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,60}"),
  token("terraform-token", [".atlasv1."], "[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_-]{60,70}"),
  token("vault-token", ["hvs.", "hvb.", "hvr."], "hv[sbr]\\.[A-Za-z0-9_-]{24,300}"),
  token("doppler-token", ["dp."], "dp\\.(?:pt|st|ct|sa|scim|audit)\\.(?:[a-z0-9_-]{2,35}\\.)?[A-Za-z0-9]{40,44}"),
].map((rule) => (rule.id === "terraform-token" ? { ...rule, back: 14 } : rule));
