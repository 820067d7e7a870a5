/** Payment, mail, messages, models. */
import { isReal, token, type Rule } from "../rule.ts";

export const services: readonly Rule[] = [
  token("stripe-key", ["sk_live_", "sk_test_", "rk_live_", "rk_test_"], "[sr]k_(?:live|test)_[A-Za-z0-9]{10,250}"),
  token("stripe-webhook-secret", ["whsec_"], "whsec_[A-Za-z0-9+/=_-]{20,100}"),
  token("shopify-token", ["shpat_", "shpca_", "shppa_", "shpss_"], "shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
  token("square-token", ["sq0atp-", "sq0csp-"], "sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}"),
  token("sendgrid-key", ["sg."], "SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}"),
  token("resend-key", ["re_"], "re_[A-Za-z0-9]{6,12}_[A-Za-z0-9]{16,40}"),
  token("mailgun-key", ["key-"], "key-[0-9a-f]{32}"),
  token("mailchimp-key", ["-us"], "[0-9a-f]{32}-us\\d{1,2}"),
  token("twilio-key", ["sk"], "SK[0-9a-f]{32}"),
  token(
    "slack-token",
    ["xoxa-", "xoxb-", "xoxe-", "xoxe.", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xoxc-", "xoxd-"],
    "xox[abceoprsd][-.][A-Za-z0-9%.-]{10,250}",
  ),
  token("slack-app-token", ["xapp-"], "xapp-\\d-[A-Za-z0-9-]{20,200}"),
  {
    id: "slack-webhook",
    keywords: ["hooks.slack.com/"],
    pattern: /hooks\.slack\.com\/(?:services|workflows|triggers)\/([A-Za-z0-9+/]{20,100})/iy,
    check: isReal,
  },
  {
    id: "discord-webhook",
    keywords: ["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
    pattern: /discord(?:app)?\.com\/api\/webhooks\/(\d{10,22}\/[A-Za-z0-9_-]{30,100})/iy,
    check: isReal,
  },
  token("telegram-token", [":aa"], "\\d{8,10}:AA[A-Za-z0-9_-]{32,34}"),
  token("anthropic-key", ["sk-ant-"], "sk-ant-[A-Za-z0-9_-]{16,200}"),
  token("openai-key", ["sk-"], "sk-(?!ant-)(?:proj-|svcacct-|admin-|None-|or-v1-)?[A-Za-z0-9_-]{20,300}"),
  token("huggingface-token", ["hf_"], "hf_[A-Za-z0-9]{30,60}"),
  token("groq-key", ["gsk_"], "gsk_[A-Za-z0-9]{30,80}"),
  token("replicate-token", ["r8_"], "r8_[A-Za-z0-9]{30,60}"),
  token("xai-key", ["xai-"], "xai-[A-Za-z0-9]{40,120}"),
  token("perplexity-key", ["pplx-"], "pplx-[A-Za-z0-9]{30,80}"),
].map((rule) =>
  rule.id === "mailchimp-key" ? { ...rule, back: 32 } : rule.id === "telegram-token" ? { ...rule, back: 10 } : rule,
);
