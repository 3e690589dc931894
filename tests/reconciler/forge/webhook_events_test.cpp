// What wakes the loop, of what is genuine.
#include <thread>

#include "tests/reconciler/forge/webhook_case.hpp"

using namespace homeostat;
using namespace homeostat::test;

namespace {

WebhookVerdict judge_push(ForgeType forge, const nlohmann::json& body) {
  return judge(forge, hook_of(forge, body, "push"));
}
WebhookVerdict judge_pull(ForgeType forge, const nlohmann::json& body) {
  return judge(forge, hook_of(forge, body, "pull_request"));
}
std::string opened(ForgeType forge) { return forge == ForgeType::gitlab ? "open" : "opened"; }

}  // namespace

TEST_CASE("webhook: what is delivered a second time is ignored") {
  for (const ForgeType forge : every_forge) {
    CAPTURE(to_string(forge));
    WebhookGate gate(gate_settings(forge));
    CHECK(wakes(judge(gate, push_of(forge))));
    CHECK(ignored(judge(gate, push_of(forge))));
    CHECK(wakes(judge(gate, push_of(forge, "d2"))));
    CHECK(ignored(judge(gate, push_of(forge))));
  }
}

TEST_CASE("webhook: only what woke the loop is remembered") {
  for (const ForgeType forge : every_forge) {
    WebhookGate gate(gate_settings(forge));
    Hook forged = push_of(forge);
    for (const std::string name :
         {"X-Forgejo-Signature", "X-Gitea-Signature", "X-Hub-Signature-256", "X-Gitlab-Token"}) {
      forged.headers[name] = "0";
    }
    CHECK(refused(judge(gate, forged), 401));
    CHECK(ignored(judge(gate, hook_of(forge, push_body(forge, "refs/heads/other"), "push"))));
    CHECK(wakes(judge(gate, push_of(forge))));
  }
}

TEST_CASE("webhook: the memory of deliveries is bounded") {
  WebhookGate gate(gate_settings(ForgeType::gitea));
  const std::string long_id(10'000, 'x');
  for (std::size_t i = 0; i <= most_webhook_ids; ++i) {
    REQUIRE(wakes(judge(gate, push_of(ForgeType::gitea, long_id + std::to_string(i)))));
  }
  CHECK(ignored(judge(gate, push_of(ForgeType::gitea, long_id + "1"))));
  CHECK(
      ignored(judge(gate, push_of(ForgeType::gitea, long_id + std::to_string(most_webhook_ids)))));
  // The oldest is forgotten: it wakes once more, which harms nobody.
  CHECK(wakes(judge(gate, push_of(ForgeType::gitea, long_id + "0"))));
}

TEST_CASE("webhook: a delivery without an id is taken each time") {
  for (const ForgeType forge : every_forge) {
    WebhookGate gate(gate_settings(forge));
    Hook hook = push_of(forge);
    for (const std::string name : {"X-Forgejo-Delivery", "X-Gitea-Delivery", "X-GitHub-Delivery",
                                   "Idempotency-Key", "X-Gitlab-Event-UUID"}) {
      hook.headers.erase(name);
    }
    for (int i = 0; i < 2; ++i) {
      const WebhookVerdict verdict = judge(gate, hook);
      CHECK(wakes(verdict));
      CHECK(verdict.delivery.empty());
    }
  }
}

TEST_CASE("webhook: an older GitLab's event has an id too") {
  WebhookGate gate(gate_settings(ForgeType::gitlab));
  Hook hook = push_of(ForgeType::gitlab);
  hook.headers.erase("Idempotency-Key");
  CHECK(wakes(judge(gate, hook)));
  CHECK(ignored(judge(gate, hook)));
}

TEST_CASE("webhook: the same delivery on several threads wakes once") {
  WebhookGate gate(gate_settings(ForgeType::github));
  std::atomic<int> woken = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 50; ++n) {
          const Hook hook = push_of(ForgeType::github, std::to_string(n));
          if (wakes(judge(gate, hook))) ++woken;
        }
      });
    }
  }
  CHECK(woken == 50);
}

TEST_CASE("webhook: another branch and a tag are ignored") {
  for (const ForgeType forge : every_forge) {
    CAPTURE(to_string(forge));
    for (const std::string ref : {"refs/heads/mai", "refs/heads/main2", "refs/heads/x/main",
                                  "refs/tags/main", "main", "refs/heads/Main"}) {
      CHECK(ignored(judge_push(forge, push_body(forge, ref))));
    }
  }
}

TEST_CASE("webhook: a site that follows a tag is woken by that one") {
  for (const ForgeType forge : every_forge) {
    WebhookSettings settings = gate_settings(forge);
    settings.ref = "refs/tags/live";
    WebhookGate gate(settings);
    CHECK(wakes(judge(gate, hook_of(forge, push_body(forge, "refs/tags/live"), "push"))));
    CHECK(ignored(judge(gate, hook_of(forge, push_body(forge, "refs/tags/dead"), "push", "d2"))));
    CHECK(ignored(judge(gate, hook_of(forge, push_body(forge), "push", "d3"))));
    CHECK(ignored(judge(
        gate, hook_of(forge, pull_body(forge, opened(forge), "live"), "pull_request", "d4"))));
  }
}

TEST_CASE("webhook: a site that follows one commit is woken by any push, not by a deletion") {
  for (const ForgeType forge : every_forge) {
    WebhookSettings settings = gate_settings(forge);
    settings.ref = "";
    WebhookGate gate(settings);
    CHECK(wakes(judge(gate, hook_of(forge, push_body(forge, "refs/heads/any"), "push"))));
    CHECK(ignored(
        judge(gate, hook_of(forge, push_body(forge, "refs/heads/any", no_commit), "push", "d2"))));
    CHECK(ignored(
        judge(gate, hook_of(forge, pull_body(forge, opened(forge)), "pull_request", "d3"))));
  }
}

TEST_CASE("webhook: the deletion of the branch is ignored, its return is not") {
  for (const ForgeType forge : every_forge) {
    const WebhookVerdict gone = judge_push(forge, push_body(forge, "refs/heads/main", no_commit));
    CHECK(ignored(gone));
    CHECK(gone.why == "`refs/heads/main` was deleted");
    CHECK(ignored(judge_push(forge, push_body(forge, "refs/heads/main", std::string(64, '0')))));
    CHECK(wakes(judge_push(forge, push_body(forge))));  // `before` is all zeros
  }
  nlohmann::json said = push_body(ForgeType::github);
  said["deleted"] = true;
  CHECK(ignored(judge_push(ForgeType::github, said)));
}

TEST_CASE("webhook: ids of SHA-256 repositories are ids") {
  for (const ForgeType forge : every_forge) {
    CHECK(wakes(judge_push(forge, push_body(forge, "refs/heads/main", std::string(64, 'a')))));
  }
}

TEST_CASE("webhook: another repository is ignored, where one is configured") {
  for (const ForgeType forge : every_forge) {
    WebhookSettings settings = gate_settings(forge);
    for (const auto& [name, concerns] : std::map<std::string, bool>{{"ana/lab", true},
                                                                    {"Ana/Lab", true},
                                                                    {"", true},
                                                                    {"ana/lab2", false},
                                                                    {"lab", false}}) {
      settings.repository = name;
      WebhookGate gate(settings);
      CHECK(wakes(judge(gate, push_of(forge))) == concerns);
      const Hook pull = hook_of(forge, pull_body(forge, opened(forge)), "pull_request", "d2");
      CHECK(wakes(judge(gate, pull)) == concerns);
    }
    nlohmann::json body = push_body(forge);
    body.erase("repository");
    body.erase("project");
    CHECK(ignored(judge_push(forge, body)));
  }
}

TEST_CASE("webhook: a pull request that has something new to plan wakes the loop") {
  for (const ForgeType forge : every_forge) {
    CAPTURE(to_string(forge));
    const bool gitlab = forge == ForgeType::gitlab;
    const auto actions =
        gitlab ? std::vector<std::string>{"open", "reopen"}
               : std::vector<std::string>{"opened", "reopened", "synchronize", "synchronized"};
    for (const std::string& action : actions) {
      const WebhookVerdict verdict = judge_pull(forge, pull_body(forge, action));
      CHECK_MESSAGE(wakes(verdict), verdict.why);
      CHECK(verdict.what == WebhookVerdict::What::pull_request);
      CHECK(verdict.pull_request == PullRequest{7, std::string(commit), false});
      CHECK(verdict.action == action);
    }
    for (const std::string action : {"closed", "close", "merge", "labeled", "update", ""}) {
      CHECK(ignored(judge_pull(forge, pull_body(forge, action))));
    }
    CHECK(ignored(judge_pull(forge, pull_body(forge, actions[0], "other"))));
  }
  nlohmann::json moved = pull_body(ForgeType::gitlab, "update");
  moved["object_attributes"]["oldrev"] = no_commit;
  CHECK(wakes(judge_pull(ForgeType::gitlab, moved)));
}

TEST_CASE("webhook: a pull request is a fork's unless it is plain that it is not") {
  for (const ForgeType forge : {ForgeType::forgejo, ForgeType::gitea, ForgeType::github}) {
    nlohmann::json body = pull_body(forge, "opened");
    nlohmann::json& head = body["pull_request"]["head"];
    const auto from_fork = [&] {
      const WebhookVerdict verdict = judge_pull(forge, body);
      CHECK(wakes(verdict));
      return verdict.pull_request.from_fork;
    };
    CHECK(!from_fork());
    head["repo"]["full_name"] = "eve/lab";
    CHECK(from_fork());
    head["repo"] = nullptr;
    CHECK(from_fork());
    head.erase("repo");
    CHECK(from_fork());
    body["pull_request"]["base"].erase("repo");
    CHECK(from_fork());
  }
  nlohmann::json body = pull_body(ForgeType::gitlab, "open");
  for (const nlohmann::json& source : {nlohmann::json(4), nlohmann::json(), nlohmann::json("3")}) {
    body["object_attributes"]["source_project_id"] = source;
    CHECK(judge_pull(ForgeType::gitlab, body).pull_request.from_fork);
  }
  body["object_attributes"].erase("source_project_id");
  body["object_attributes"].erase("target_project_id");
  CHECK(judge_pull(ForgeType::gitlab, body).pull_request.from_fork);
}

TEST_CASE("webhook: other events are taken and ignored, a ping too") {
  for (const ForgeType forge : every_forge) {
    nlohmann::json body = push_body(forge);
    body["object_kind"] = "note";
    for (const std::string event : {"issues", "delete", "", "pull_request_review", "PUSH"}) {
      CHECK(ignored(judge(forge, hook_of(forge, body, event))));
    }
  }
  const WebhookVerdict ping =
      judge(ForgeType::github, hook_of(ForgeType::github, {{"zen", "Keep it simple"}}, "ping"));
  CHECK(ignored(ping));
  CHECK(ping.what == WebhookVerdict::What::ping);
  CHECK(ping.why == "a ping");
}

TEST_CASE("webhook: the forge's own name of an event wins") {
  Hook hook = push_of(ForgeType::forgejo);
  hook.headers["X-Forgejo-Event"] = "issues";
  CHECK(ignored(judge(ForgeType::forgejo, hook)));
  hook = push_of(ForgeType::forgejo);
  hook.headers.erase("X-Forgejo-Event");
  CHECK(wakes(judge(ForgeType::forgejo, hook)));
}

TEST_CASE("webhook: GitLab's event is the one in its body") {
  Hook hook = push_of(ForgeType::gitlab);
  hook.headers["X-Gitlab-Event"] = "Note Hook";
  CHECK(wakes(judge(ForgeType::gitlab, hook)));
}

TEST_CASE("webhook: a push that lacks what it must have is refused") {
  for (const ForgeType forge : every_forge) {
    CAPTURE(to_string(forge));
    for (const std::string key : {"ref", "after"}) {
      for (const nlohmann::json& odd : std::vector<nlohmann::json>{
               nullptr, 1, true, "", nlohmann::json::array({"x"}), nlohmann::json::object()}) {
        nlohmann::json body = push_body(forge);
        body[key] = odd;
        CHECK(refused(judge_push(forge, body), 400));
      }
      nlohmann::json body = push_body(forge);
      body.erase(key);
      CHECK(refused(judge_push(forge, body), 400));
    }
  }
}

TEST_CASE("webhook: a pull request that lacks what it must have is refused") {
  const std::vector<nlohmann::json> odds = {nullptr, -1, 0, 1.5, "", nlohmann::json::array()};
  for (const ForgeType forge : every_forge) {
    const bool gitlab = forge == ForgeType::gitlab;
    const std::vector<std::string> needed =
        gitlab ? std::vector<std::string>{"/object_attributes", "/object_attributes/iid",
                                          "/object_attributes/last_commit/id",
                                          "/object_attributes/target_branch"}
               : std::vector<std::string>{"/pull_request", "/number", "/pull_request/head",
                                          "/pull_request/head/sha", "/pull_request/base/ref"};
    for (const std::string& pointer : needed) {
      for (const nlohmann::json& odd : odds) {
        nlohmann::json body = pull_body(forge, opened(forge));
        body[nlohmann::json::json_pointer(pointer)] = odd;
        CAPTURE(body.dump());
        CHECK(refused(judge_pull(forge, body), 400));
      }
    }
  }
}

TEST_CASE("webhook: damaged JSON is refused") {
  for (const ForgeType forge : every_forge) {
    const std::string whole = push_body(forge).dump();
    for (const std::string& body :
         {std::string(), std::string("null"), std::string("[]"), std::string("\"push\""),
          std::string("12"), whole.substr(0, whole.size() - 1), whole + "x", "\xEF\xBB" + whole,
          std::string("{\"ref\":\"\xFF\"}"), std::string("{\"a\":1,}"), std::string(1, '\0'),
          std::string("{\"ref\":\"\\ud800\"}")}) {
      Hook hook{.body = body};
      name_event(forge, hook, "push", "d1");
      sign(forge, hook);
      CHECK(refused(judge(forge, hook), 400));
    }
  }
}

TEST_CASE("webhook: JSON that nests without end is refused") {
  const auto signed_body = [](ForgeType forge, const std::string& body) {
    Hook hook{.body = body};
    name_event(forge, hook, "push", "d1");
    sign(forge, hook);
    return judge(forge, hook);
  };
  CHECK(refused(signed_body(ForgeType::gitea, std::string(most_webhook_bytes, '[')), 400));
  for (const ForgeType forge : every_forge) {
    for (const std::string open : {"[", "{\"a\":", "{\"a\":["}) {
      std::string deep = "{\"x\":";
      while (deep.size() < 20'000) deep += open;
      CHECK(refused(signed_body(forge, deep), 400));
      CHECK(refused(signed_body(forge, deep + "1"), 400));
    }
    // Whole, and deeper than anybody's.
    for (const auto& [depth, fine] :
         std::map<std::size_t, bool>{{190, true}, {250, false}, {20'000, false}}) {
      std::string body = push_body(forge).dump();
      body.back() = ',';
      body += "\"x\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
      const WebhookVerdict verdict = signed_body(forge, body);
      CHECK((fine ? wakes(verdict) : refused(verdict, 400)));
    }
  }
}

TEST_CASE("webhook: what a header says is shown on one short line") {
  Hook hook = push_of(ForgeType::gitea, "d\x01\x1b[31m\xC2\x9B\xFF" + std::string(500, 'x'));
  hook.headers["X-Gitea-Event"] = "\x1b]0,\xC2\x9B\xFF\n" + std::string(500, 'y');
  const WebhookVerdict verdict = judge(ForgeType::gitea, hook);
  CHECK(ignored(verdict));
  hook.headers["content-type"] = hook.headers["X-Gitea-Event"];
  const WebhookVerdict other = judge(ForgeType::gitea, hook);
  CHECK(refused(other, 415));
  for (const std::string& shown : {verdict.why, verdict.delivery, other.why}) {
    CHECK(shown.size() < 400);
    CHECK(shown.find('\x1b') == std::string::npos);
    CHECK(shown.find('\n') == std::string::npos);
    CHECK(shown.find('\xFF') == std::string::npos);
    CHECK(shown.find("\xC2\x9B") == std::string::npos);
  }
}
