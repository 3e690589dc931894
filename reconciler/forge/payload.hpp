// What a webhook's body says, as far as anybody listens.
#pragma once

#include "reconciler/forge/webhook.hpp"
#include "specs/result.hpp"

namespace homeostat {

struct Payload {
  WebhookVerdict::What what =
      WebhookVerdict::What::unknown;  // unknown: an event that is none of ours
  std::string event = {};             // as the forge calls it
  std::string repository = {};        // "ana/lab", "" where it says none
  std::string ref = {};               // of a push; of a pull request where it leads to
  bool deleted = false;               // of a push: the ref is gone
  PullRequest pull_request = {};
  std::string action = {};
  bool moved = false;  // of a pull request: there is something new to plan
};

// `event` is what the header says; GitLab's is in the body. Errors, in words for a log: no JSON
// object, nesting too deep, or what its event must have is not there.
[[nodiscard]] Result<Payload> read_payload(ForgeType forge, std::string_view event,
                                           std::string_view json);

// The JSON in a body of `payload=...`; nullopt where there is none.
[[nodiscard]] std::optional<std::string> form_payload(std::string_view body);

}  // namespace homeostat
