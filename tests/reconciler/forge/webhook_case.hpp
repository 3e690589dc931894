// Webhooks as forges send them, by their documents on webhooks and, of Gitea, services/webhook.
#pragma once

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "reconciler/forge/signature.hpp"
#include "reconciler/forge/webhook.hpp"

namespace homeostat::test {

inline constexpr std::string_view secret = "It's a Secret to Everybody";
inline constexpr std::string_view commit = "3f2a91c04c8f5e1d2b3a4c5d6e7f8091a2b3c4d5";
inline constexpr std::string_view no_commit = "0000000000000000000000000000000000000000";
inline constexpr Time noon{std::chrono::seconds(1'795'000'000)};
inline constexpr std::array every_forge = {ForgeType::forgejo, ForgeType::gitea, ForgeType::github,
                                           ForgeType::gitlab};

struct Hook {
  std::map<std::string, std::string> headers = {{"content-type", "application/json"}};
  std::string body = {};
};

[[nodiscard]] inline std::string hex_mac(std::string_view body, std::string_view key = secret) {
  return hex_of(hmac_sha256(key, body));
}

// As the forge signs it, for others too where it does.
inline void sign(ForgeType forge, Hook& hook) {
  switch (forge) {
    case ForgeType::forgejo:
      hook.headers["X-Forgejo-Signature"] = hex_mac(hook.body);
      [[fallthrough]];
    case ForgeType::gitea:
      hook.headers["X-Gitea-Signature"] = hex_mac(hook.body);
      hook.headers["X-Gogs-Signature"] = hex_mac(hook.body);
      [[fallthrough]];
    case ForgeType::github:
      hook.headers["X-Hub-Signature-256"] = "sha256=" + hex_mac(hook.body);
      break;
    case ForgeType::gitlab:
      hook.headers["X-Gitlab-Token"] = secret;
      break;
  }
}

inline void name_event(ForgeType forge, Hook& hook, const std::string& event,
                       const std::string& delivery) {
  switch (forge) {
    case ForgeType::forgejo:
      hook.headers["X-Forgejo-Event"] = event;
      hook.headers["X-Forgejo-Delivery"] = delivery;
      [[fallthrough]];
    case ForgeType::gitea:
      hook.headers["X-Gitea-Event"] = event;
      hook.headers["X-Gitea-Delivery"] = delivery;
      [[fallthrough]];
    case ForgeType::github:
      hook.headers["X-GitHub-Event"] = event;
      hook.headers["X-GitHub-Delivery"] = delivery;
      break;
    case ForgeType::gitlab:
      hook.headers["X-Gitlab-Event"] = event;
      hook.headers["Idempotency-Key"] = delivery;
      hook.headers["X-Gitlab-Event-UUID"] = "event-" + delivery;
      hook.headers["X-Gitlab-Webhook-UUID"] = "of the hook, always the same";
      break;
  }
}

[[nodiscard]] inline nlohmann::json push_body(ForgeType forge,
                                              const std::string& ref = "refs/heads/main",
                                              std::string_view after = commit) {
  nlohmann::json body = {{"ref", ref}, {"before", no_commit}, {"after", after}};
  if (forge == ForgeType::gitlab) {
    body["object_kind"] = ref.starts_with("refs/tags/") ? "tag_push" : "push";
    body["project"] = {{"path_with_namespace", "ana/lab"}};
    body["checkout_sha"] = after == no_commit ? nlohmann::json() : nlohmann::json(after);
  } else {
    body["repository"] = {{"full_name", "ana/lab"}, {"default_branch", "main"}};
  }
  if (forge == ForgeType::github) body["deleted"] = after == no_commit;
  return body;
}

[[nodiscard]] inline nlohmann::json pull_body(ForgeType forge, const std::string& action,
                                              const std::string& base = "main") {
  if (forge == ForgeType::gitlab) {
    return {{"object_kind", "merge_request"},
            {"project", {{"path_with_namespace", "ana/lab"}}},
            {"object_attributes",
             {{"iid", 7},
              {"action", action},
              {"source_branch", "more"},
              {"target_branch", base},
              {"source_project_id", 3},
              {"target_project_id", 3},
              {"last_commit", {{"id", commit}}}}}};
  }
  const nlohmann::json repo = {{"full_name", "ana/lab"}};
  return {{"action", action},
          {"number", 7},
          {"pull_request",
           {{"number", 7},
            {"head", {{"ref", "more"}, {"sha", commit}, {"repo", repo}}},
            {"base", {{"ref", base}, {"repo", repo}}}}},
          {"repository", repo}};
}

// Signed, complete.
[[nodiscard]] inline Hook hook_of(ForgeType forge, const nlohmann::json& body,
                                  const std::string& event, const std::string& delivery = "d1") {
  Hook hook;
  hook.body = body.dump(2);
  name_event(forge, hook, event, delivery);
  sign(forge, hook);
  return hook;
}
[[nodiscard]] inline Hook push_of(ForgeType forge, const std::string& delivery = "d1") {
  return hook_of(forge, push_body(forge), forge == ForgeType::gitlab ? "Push Hook" : "push",
                 delivery);
}

[[nodiscard]] inline WebhookSettings gate_settings(ForgeType forge) {
  return {.forge = forge,
          .secret = std::string(secret),
          .ref = "refs/heads/main",
          .repository = "ana/lab"};
}

[[nodiscard]] inline WebhookVerdict judge(WebhookGate& gate, const Hook& hook, Time now = noon) {
  return gate.judge(hook.headers, hook.body, now);
}
// By a gate of its own, that remembers nothing.
[[nodiscard]] inline WebhookVerdict judge(ForgeType forge, const Hook& hook, Time now = noon) {
  WebhookGate gate(gate_settings(forge));
  return judge(gate, hook, now);
}

[[nodiscard]] inline bool wakes(const WebhookVerdict& verdict) {
  return verdict.outcome == WebhookVerdict::Outcome::wake && verdict.status == 202;
}
[[nodiscard]] inline bool ignored(const WebhookVerdict& verdict) {
  return verdict.outcome == WebhookVerdict::Outcome::ignored && verdict.status == 202 &&
         !verdict.why.empty();
}
[[nodiscard]] inline bool refused(const WebhookVerdict& verdict, int status) {
  return verdict.outcome == WebhookVerdict::Outcome::refused && verdict.status == status &&
         !verdict.why.empty();
}

}  // namespace homeostat::test
