// Requests that no forge would send: whatever the bytes, there is a verdict, and nothing that is
// not signed wakes anybody.
#include <random>

#include "tests/reconciler/forge/webhook_case.hpp"
#include "tests/support/cases.hpp"

using namespace homeostat;
using namespace homeostat::test;

namespace {

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::size_t pick(std::size_t count) { return random_() % count; }

  std::string text(std::string given) {
    static const std::vector<std::string> pieces = {"{",
                                                    "}",
                                                    "[",
                                                    "]",
                                                    "\"",
                                                    ":",
                                                    ",",
                                                    "\\",
                                                    "\\u0000",
                                                    "\\ud800",
                                                    "null",
                                                    "-1",
                                                    "1e999",
                                                    "0",
                                                    "true",
                                                    "\xFF",
                                                    "\xC3",
                                                    std::string(1, '\0'),
                                                    "sha256=",
                                                    "v1,",
                                                    " ",
                                                    "\n",
                                                    "%",
                                                    "%00",
                                                    "+",
                                                    "payload=",
                                                    "refs/heads/main",
                                                    std::string(40, '0'),
                                                    std::string(3000, '['),
                                                    "99999999999999999999",
                                                    "\"after\":",
                                                    "\"ref\":"};
    for (std::size_t i = 1 + pick(4); i-- > 0;) {
      const std::size_t at = pick(given.size() + 1);
      switch (pick(4)) {
        case 0:
          given.insert(at, pieces[pick(pieces.size())]);
          break;
        case 1:
          given.erase(at, pick(20));
          break;
        case 2:
          given.resize(at);
          break;
        default:
          if (at < given.size()) given[at] = static_cast<char>(pick(256));
      }
    }
    return given;
  }

 private:
  std::mt19937 random_;
};

Hook any_hook(ForgeType forge, Mutator& mutator) {
  const bool gitlab = forge == ForgeType::gitlab;
  if (mutator.pick(2) == 0) return push_of(forge);
  return hook_of(forge, pull_body(forge, gitlab ? "open" : "opened"), "pull_request");
}

bool is_plausible(const WebhookVerdict& verdict) {
  switch (verdict.outcome) {
    case WebhookVerdict::Outcome::wake:
      return verdict.status == 202 && verdict.why.empty();
    case WebhookVerdict::Outcome::ignored:
      return verdict.status == 202 && !verdict.why.empty();
    case WebhookVerdict::Outcome::refused:
      return (verdict.status == 400 || verdict.status == 401 || verdict.status == 413 ||
              verdict.status == 415) &&
             !verdict.why.empty();
  }
  return false;
}

}  // namespace

TEST_CASE("webhook: whatever a signed body holds, there is a verdict") {
  for_each_case([](int seed) {
    Mutator mutator(static_cast<std::uint32_t>(seed));
    const ForgeType forge = every_forge.at(mutator.pick(every_forge.size()));
    Hook hook = any_hook(forge, mutator);
    hook.body = mutator.text(hook.body);
    if (mutator.pick(4) == 0) hook.headers["content-type"] = "application/x-www-form-urlencoded";
    sign(forge, hook);
    const WebhookVerdict verdict = judge(forge, hook);
    CHECK(is_plausible(verdict));
    CHECK(verdict.status != 401);
    if (verdict.outcome == WebhookVerdict::Outcome::wake &&
        verdict.what == WebhookVerdict::What::pull_request) {
      CHECK(verdict.pull_request.number > 0);
      CHECK(is_commit_id(verdict.pull_request.head));
    }
  });
}

TEST_CASE("webhook: whatever the headers hold, nothing wakes that is not signed") {
  for_each_case([](int seed) {
    Mutator mutator(static_cast<std::uint32_t>(seed));
    const ForgeType forge = every_forge.at(mutator.pick(every_forge.size()));
    Hook hook = any_hook(forge, mutator);
    const bool changed = forge != ForgeType::gitlab && mutator.pick(2) == 0;
    if (changed) hook.body += ' ';
    for (auto& [name, value] : hook.headers) {
      const bool of_secret = name.find("Signature") != std::string::npos || name.ends_with("Token");
      if (mutator.pick(3) == 0 || of_secret) value = mutator.text(value);
    }
    if (mutator.pick(3) == 0) hook.headers[mutator.text("x-hub-signature-256")] = mutator.text("");
    const WebhookVerdict verdict = judge(forge, hook);
    CHECK(is_plausible(verdict));
    if (changed) CHECK(verdict.outcome == WebhookVerdict::Outcome::refused);
  });
}
