#include "reconciler/forge/webhook.hpp"

#include <fmt/format.h>

#include "providers/core/http_text.hpp"
#include "reconciler/forge/payload.hpp"
#include "reconciler/forge/signature.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

constexpr std::size_t longest_id = 80;    // as it is shown, in characters
constexpr std::size_t longest_why = 300;  // likewise; a part of it may come from anybody
constexpr int taken = 202;                // it needs nothing more from the forge

WebhookVerdict refuse(WebhookVerdict verdict, int status, const std::string& why) {
  verdict.outcome = WebhookVerdict::Outcome::refused;
  verdict.status = status;
  verdict.why = one_line(why, longest_why);
  return verdict;
}

WebhookVerdict ignore(WebhookVerdict verdict, const std::string& why) {
  verdict.outcome = WebhookVerdict::Outcome::ignored;
  verdict.status = taken;
  verdict.why = one_line(why, longest_why);
  return verdict;
}

WebhookHeaders in_lower_case(const std::map<std::string, std::string>& given) {
  WebhookHeaders headers;
  for (const auto& [name, value] : given) {
    std::string& all = headers[to_lower(name)];
    all += (all.empty() ? "" : ", ") + value;
  }
  return headers;
}

std::string first_of(const WebhookHeaders& headers, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (const std::string_view value = header_of(headers, name); !value.empty()) {
      return std::string(value);
    }
  }
  return {};
}

// The forge's own header, then those that it sends for the sake of others.
std::string native(ForgeType forge, const WebhookHeaders& headers, const std::string& what) {
  switch (forge) {
    case ForgeType::forgejo:
      return first_of(headers, {"x-forgejo-" + what, "x-gitea-" + what, "x-github-" + what});
    case ForgeType::gitea:
      return first_of(headers, {"x-gitea-" + what, "x-github-" + what});
    case ForgeType::github:
      return first_of(headers, {"x-github-" + what});
    case ForgeType::gitlab:
      break;
  }
  return {};
}

// Not X-Gitlab-Webhook-UUID, which is that of the hook, not of the delivery.
std::string delivery_id(ForgeType forge, const WebhookHeaders& headers) {
  if (forge != ForgeType::gitlab) return native(forge, headers, "delivery");
  return first_of(headers, {"webhook-id", "idempotency-key", "x-gitlab-event-uuid"});
}

// GitHub signs the form as it is sent, and has it as the default. Gitea signs the JSON inside of
// it.
bool takes_forms(ForgeType forge) { return forge == ForgeType::github; }

bool same_repository(const std::string& a, const std::string& b) {
  return to_lower(a) == to_lower(b);
}

// Why it concerns nobody here, or "".
std::string unconcerned(const WebhookSettings& settings, const Payload& payload) {
  if (payload.what == WebhookVerdict::What::ping) return "a ping";
  if (payload.what == WebhookVerdict::What::unknown) {
    return "event " + in_ticks(payload.event) + " is not listened to";
  }
  if (!settings.repository.empty() && !same_repository(settings.repository, payload.repository)) {
    return "it is from " + in_ticks(payload.repository) + ", not from " +
           in_ticks(settings.repository);
  }
  const bool push = payload.what == WebhookVerdict::What::push;
  const bool any_ref = push && settings.ref.empty();
  if (!any_ref && payload.ref != settings.ref) {
    return in_ticks(payload.ref) + " is not " +
           (settings.ref.empty() ? "what the site follows" : in_ticks(settings.ref));
  }
  // Never an empty desired state: what is gone brings no commit.
  if (push && payload.deleted) return in_ticks(payload.ref) + " was deleted";
  if (!push && !payload.moved) return "action " + in_ticks(payload.action) + " brings no commit";
  return {};
}

}  // namespace

WebhookVerdict WebhookGate::judge(const std::map<std::string, std::string>& given,
                                  std::string_view body, Time now) {
  const WebhookHeaders headers = in_lower_case(given);
  const std::string delivery = delivery_id(settings_.forge, headers);
  WebhookVerdict verdict;
  verdict.delivery = one_line(delivery, longest_id);
  if (settings_.secret.empty()) return refuse(verdict, 401, "no secret is configured");
  if (body.size() > most_webhook_bytes) {
    return refuse(verdict, 413, fmt::format("its body has {} bytes", body.size()));
  }
  const std::string_view type = header_of(headers, "content-type");
  const std::string media = to_lower(trim(type.substr(0, type.find(';'))));
  const bool form = media == "application/x-www-form-urlencoded" && takes_forms(settings_.forge);
  if (media != "application/json" && !form) {
    return refuse(
        verdict, 415,
        "its content type is " + in_ticks(media) + ": set that of the webhook to application/json");
  }
  switch (check_signature(settings_.forge, settings_.secret, headers, body, now)) {
    case Signed::good:
      break;
    case Signed::missing:
      return refuse(verdict, 401, "it is not signed: does the webhook have the secret?");
    case Signed::wrong:
      return refuse(verdict, 401, "its signature is wrong");
  }
  const auto text = form ? form_payload(body) : std::optional<std::string>(body);
  if (!text) return refuse(verdict, 400, "its form has no `payload`");
  const Result<Payload> payload =
      read_payload(settings_.forge, native(settings_.forge, headers, "event"), *text);
  if (!payload) return refuse(verdict, 400, payload.error().message);
  verdict.what = payload->what;
  verdict.pull_request = payload->pull_request;
  verdict.action = one_line(payload->action, longest_id);
  if (const std::string why = unconcerned(settings_, *payload); !why.empty()) {
    return ignore(verdict, why);
  }
  if (!remember(delivery)) return ignore(verdict, "it was delivered before");
  verdict.outcome = WebhookVerdict::Outcome::wake;
  verdict.status = taken;
  return verdict;
}

bool WebhookGate::remember(const std::string& delivery) {
  if (delivery.empty()) return true;
  std::string id = sha256(delivery);  // of one size, whatever was sent
  const std::lock_guard lock(mutex_);
  if (!seen_.insert(id).second) return false;
  order_.push_back(std::move(id));
  if (order_.size() > most_webhook_ids) {
    seen_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

}  // namespace homeostat
