// Pull requests as those see them who open them: the plan comes as a comment and as a status; that
// of a fork only when somebody has looked at exactly that commit.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>

#include "reconciler/serve/auth.hpp"
#include "tests/e2e/lab.hpp"
#include "tests/e2e/loop_lab.hpp"
#include "tests/reconciler/forge/fake_forge.hpp"
#include "tests/reconciler/forge/webhook_case.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/raw_server.hpp"

namespace homeostat::test {
namespace {

constexpr const char* api_token = "a-token-of-32-characters-or-more";
constexpr const char* records = "dns:\n  lab:\n    nas: 10.5.0.20\n    www: 10.5.0.11\n";
constexpr const char* more_records = "dns:\n  lab:\n    nas: 10.5.0.30\n    www: 10.5.0.11\n";

// A repository on a forge, and the service that follows it.
class PullLab {
 public:
  // `rarely`: nothing is found by looking now and then; what happens comes from a webhook.
  // `behind`: the forge is a mirror that does not have the commit of main yet.
  explicit PullLab(ForgeType kind, bool rarely = false, bool behind = false)
      : type(kind), forge(kind) {
    if (!behind) forge.commits = {lab.git({"rev-parse", "main"})};
    private_file("secret", std::string(secret));
    private_file("token", forge.settings().token);
    private_file("api-token", api_token);
    const std::string name(to_string(type));
    const std::string pace = rarely ? "1h" : "1s";
    private_file(
        "machine.yaml",
        fmt::format(
            "service:\n"
            "  listen: 127.0.0.1:0\n"
            "  token_hash: \"{}\"\n"
            "  sites:\n"
            "    home:\n"
            "      repo: {}\n"
            "      poll: {}\n"
            "      interval: {}\n"
            "      webhook: {{ forge: {}, secret: {{ file: {}/secret }} }}\n"
            "      forge: {{ type: {}, url: \"{}\", repo: {}, token: {{ file: {}/token }} }}\n",
            token_hash(api_token), lab.origin(), pace, pace, name, lab.scratch(), name,
            forge.settings().url, forge.settings().repository, lab.scratch()));
    lab.start();
    REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 2 resources"); }));
  }

  // A commit on a branch of its own, which only `refs` of the origin lead to.
  std::string push(const std::string& text, const std::vector<std::string>& refs) {
    lab.git({"checkout", "--quiet", "-B", "topic", "main"});
    lab.write("dns.yaml", text);
    lab.git({"commit", "--quiet", "--all", "--message", "the nas moves"});
    std::string tip = lab.git({"rev-parse", "HEAD"});
    for (const std::string& ref : refs) {
      lab.git({"push", "--quiet", "--force", "origin", "topic:" + ref});
    }
    lab.git({"checkout", "--quiet", "main"});
    return tip;
  }
  // The forge's pull request 7 is this.
  void open(const std::string& tip, bool from_fork, const std::string& title = "The nas moves") {
    forge.at_rest([&] {
      forge.commits.push_back(tip);
      forge.pulls = {{{.number = 7,
                       .head = tip,
                       .from_fork = from_fork,
                       .author = from_fork ? "eve" : "ana",
                       .title = title,
                       .ref = "refs/heads/main"},
                      true}};
    });
  }
  [[nodiscard]] std::string tip_ref() { return forge.open().head_ref(7); }
  // What the pull request shows; "" where there is no comment.
  std::string comment() {
    return forge.at_rest(
        [&] { return forge.comments.empty() ? std::string() : forge.comments.back().body; });
  }
  std::size_t comments() {
    return forge.at_rest([&] { return forge.comments.size(); });
  }
  // The last status of a commit: "success 1 to change"; "" where there is none.
  std::string status(const std::string& commit) {
    return forge.at_rest([&] {
      std::string last;
      for (const FakeForge::Told& told : forge.told) {
        if (told.commit == commit) last = told.state + " " + told.description;
      }
      return last;
    });
  }
  [[nodiscard]] int port() const {
    const std::string log = lab.log();
    const std::string before = "listening on http://127.0.0.1:";
    const auto at = log.find(before);
    REQUIRE(at != std::string::npos);
    return std::stoi(log.substr(at + before.size()));
  }
  int deliver(const nlohmann::json& body, const std::string& event, const std::string& id) const {
    const Hook hook = hook_of(type, body, event, id);
    std::string headers;
    for (const auto& [name, value] : hook.headers) {
      if (name != "content-type") headers += name + ": " + value + "\r\n";
    }
    return raw_http(port(), "POST", "/webhooks/home", hook.body, headers).status;
  }
  // `homeostat plan --server --rev`.
  [[nodiscard]] ProcessResult plan(const std::string& rev) const {
    return lab.run({"plan", "--server", fmt::format("http://127.0.0.1:{}", port()), "--token-file",
                    lab.scratch() + "/api-token", "--rev", rev});
  }
  void private_file(const std::string& name, const std::string& text) const {
    const std::string path = lab.scratch() + "/" + name;
    std::ofstream(path, std::ios::trunc) << text;
    ::chmod(path.c_str(), 0600);
  }

  const ForgeType type;
  FakeForge forge;
  LoopLab lab;
};

}  // namespace

TEST_CASE("pull request: one from the repository itself gets its plan, and again when it moves") {
  for (const ForgeType type : {ForgeType::forgejo, ForgeType::github, ForgeType::gitlab}) {
    CAPTURE(to_string(type));
    PullLab pull(type, true);
    const std::string first = pull.push(records, {"topic", pull.tip_ref()});
    pull.open(first, false);
    const bool gitlab = type == ForgeType::gitlab;
    nlohmann::json body = pull_body(type, gitlab ? "open" : "opened");
    body[gitlab ? "project" : "repository"][gitlab ? "path_with_namespace" : "full_name"] =
        pull.forge.settings().repository;
    const std::string event = gitlab ? "Merge Request Hook" : "pull_request";
    CHECK(pull.deliver(body, event, "d1") == 202);
    REQUIRE(LoopLab::soon([&] { return pull.status(first).starts_with("success"); }));
    CHECK(has(pull.comment(), "dns/lab/nas/A"));
    CHECK(has(pull.comment(), "10.5.0.20"));
    CHECK(has(pull.status(first), "1 to change"));

    const std::string second = pull.push(more_records, {"topic", pull.tip_ref()});
    pull.open(second, false);
    body["action"] = "synchronize";
    if (gitlab) {
      body["object_attributes"]["action"] = "update";
      body["object_attributes"]["oldrev"] = first;
    }
    CHECK(pull.deliver(body, event, "d2") == 202);
    REQUIRE(LoopLab::soon([&] { return pull.status(second).starts_with("success"); }));
    CHECK(has(pull.comment(), "10.5.0.30"));
    CHECK(pull.comments() == 1);
    // It was looked at, and nothing more.
    CHECK(has(pull.lab.live("nas"), "10.5.0.10"));
    CHECK(pull.plan(second).exit_code == 2);
    CHECK(pull.lab.stop() == 0);
  }
}

TEST_CASE("pull request: what comes into force is planned upon: the comment says so, in place") {
  PullLab pull(ForgeType::gitea);
  const std::string tip = pull.push(records, {"topic", pull.tip_ref()});
  pull.open(tip, false);
  REQUIRE(LoopLab::soon([&] { return pull.status(tip).starts_with("success"); }));
  CHECK(has(pull.comment(), "10.5.0.20"));
  CHECK_FALSE(has(pull.comment(), "printer"));
  const auto statuses = [&] {
    return pull.forge.at_rest(
        [&] { return std::ranges::count(pull.forge.told, tip, &FakeForge::Told::commit); });
  };
  CHECK(statuses() == 2);
  pull.lab.write("dns.yaml",
                 "dns:\n  lab:\n    nas: 10.5.0.10\n    www: 10.5.0.11\n    printer: 10.5.0.30\n");
  const std::string merged = pull.lab.push("the printer, past the open pull request");
  pull.forge.at_rest([&] { pull.forge.commits.push_back(merged); });
  // As it stands, it would take the printer away again.
  REQUIRE(LoopLab::soon([&] { return has(pull.comment(), "printer"); }));
  CHECK(pull.comments() == 1);
  REQUIRE(LoopLab::soon([&] { return statuses() == 3; }));
  CHECK(has(pull.status(tip), "1 to change, 1 to delete"));
  CHECK(pull.lab.stop() == 0);
}

TEST_CASE("pull request: one that cannot be planned says why, whatever else cannot be said yet") {
  PullLab pull(ForgeType::gitea, false, true);
  const std::string tip =
      pull.push("dns:\n  lab:\n    nas: 10.5.0.400\n    wwww: @all\n", {"topic", pull.tip_ref()});
  pull.open(tip, false);
  REQUIRE(LoopLab::soon([&] { return pull.status(tip).starts_with("failure"); }));
  CHECK(has(pull.status(tip), "dns.yaml:"));
  CHECK(has(pull.comment(), "no plan"));
  CHECK(has(pull.comment(), "dns.yaml:"));
  CHECK(pull.lab.stop() == 0);
}

TEST_CASE("pull request: one that calls itself another site gets none of that site's plan") {
  PullLab pull(ForgeType::gitea);
  pull.lab.git({"checkout", "--quiet", "-B", "topic", "main"});
  pull.lab.write(
      "homeostat.yaml",
      "homeostat: 1\nsite: office\nproviders:\n  dns: { type: files, path: " + pull.lab.scratch() +
          "/live }\nzones:\n" + "  lab: { zone: lab.example.org, on: [dns], ttl: 5m }\n");
  pull.lab.git({"commit", "--quiet", "--all", "--message", "somebody else's"});
  const std::string tip = pull.lab.git({"rev-parse", "HEAD"});
  pull.lab.git({"push", "--quiet", "origin", "topic:topic", "topic:" + pull.tip_ref()});
  pull.lab.git({"checkout", "--quiet", "main"});
  pull.open(tip, false);
  REQUIRE(LoopLab::soon([&] { return pull.status(tip).starts_with("failure"); }));
  CHECK(has(pull.comment(), "this revision is about site office, and this is home"));
  CHECK(pull.plan(tip).exit_code == 1);
  CHECK(pull.lab.stop() == 0);
}

TEST_CASE("pull request: a token that may not comment sets the statuses of a tip once") {
  PullLab pull(ForgeType::forgejo);
  std::atomic<int> looks = 0;  // at the comments that there are
  pull.forge.at_rest([&] {
    pull.forge.fault = [&looks](const FakeRequest& request) -> std::optional<FakeAnswer> {
      if (request.path.find("/pulls") != std::string::npos) ++looks;
      if (request.path.find("/comments") == std::string::npos) return std::nullopt;
      return FakeAnswer{.status = 403, .body = R"({"message": "not with this token"})"};
    };
  });
  const std::string tip = pull.push(records, {"topic", pull.tip_ref()});
  pull.open(tip, false);
  REQUIRE(LoopLab::soon([&] { return pull.status(tip).starts_with("success"); }));
  const int before = looks;
  REQUIRE(LoopLab::soon([&] { return looks > before + 2; }));
  CHECK(pull.comments() == 0);
  CHECK(pull.forge.at_rest([&] {
    return std::ranges::count(pull.forge.told, tip, &FakeForge::Told::commit);
  }) == 2);
  CHECK(pull.lab.stop() == 0);
}

TEST_CASE("pull request: a fork's gets nothing before somebody approves exactly its commit") {
  PullLab pull(ForgeType::forgejo);
  const std::string first = pull.push(records, {pull.tip_ref()});
  pull.open(first, true, "Please @all look\x1b[31m at this");
  // It waits, it is told of, and nobody has even fetched it.
  REQUIRE(LoopLab::soon([&] { return has(pull.lab.run({"approve"}).out, first + "  waiting"); }));
  const ProcessResult waits = pull.lab.run({"approve"});
  CHECK(waits.exit_code == 2);
  CHECK(has(waits.out, "pull request 7, from a fork, by eve: Please @all look"));
  CHECK_FALSE(has(waits.out, "\x1b"));
  REQUIRE(LoopLab::soon([&] { return has(pull.lab.told(), "homeostat approve " + first); }));
  CHECK(pull.comments() == 0);
  CHECK(pull.status(first).empty());
  const ProcessResult unknown = pull.plan(first);
  CHECK(unknown.exit_code == 1);
  CHECK(has(unknown.err, "unknown revision"));

  // The tip moves on: what would have been approved is not what is there.
  const std::string second = pull.push(more_records, {pull.tip_ref()});
  pull.open(second, true);
  REQUIRE(LoopLab::soon([&] { return has(pull.lab.run({"approve"}).out, second + "  waiting"); }));
  CHECK(pull.lab.run({"approve", first}).exit_code == 1);
  CHECK(pull.lab.run({"approve", second}).exit_code == 0);
  REQUIRE(LoopLab::soon([&] { return pull.status(second).starts_with("success"); }));
  CHECK(has(pull.comment(), "10.5.0.30"));
  CHECK(has(pull.lab.live("nas"), "10.5.0.10"));
  CHECK(pull.plan(second).exit_code == 2);
  REQUIRE(LoopLab::soon([&] { return has(pull.lab.told(), "\"closed\""); }));

  // The approval was for that commit: not for the next, and not for what lies below it.
  const std::string third = pull.push(records, {pull.tip_ref()});
  pull.open(third, true);
  REQUIRE(LoopLab::soon([&] { return has(pull.lab.run({"approve"}).out, third + "  waiting"); }));
  CHECK(pull.status(third).empty());
  CHECK(has(pull.comment(), "10.5.0.30"));
  const ProcessResult stale = pull.plan(second);
  CHECK(stale.exit_code == 1);
  CHECK(has(stale.err, "is on no branch of the repository"));
  CHECK(pull.lab.stop() == 0);
}

TEST_CASE(
    "pull request: a fork's that is closed waits no more, and its commit is ours once merged") {
  PullLab pull(ForgeType::github);
  const std::string tip = pull.push(records, {pull.tip_ref()});
  pull.open(tip, true);
  REQUIRE(LoopLab::soon([&] { return has(pull.lab.run({"approve"}).out, tip + "  waiting"); }));
  pull.forge.at_rest([&] { pull.forge.pulls.front().open = false; });
  REQUIRE(LoopLab::soon([&] { return pull.lab.run({"approve"}).exit_code == 0; }));
  CHECK(pull.lab.run({"approve", tip}).exit_code == 1);
  // A maintainer takes it to a branch of the repository: no fork's word any more.
  pull.lab.git({"push", "--quiet", "origin", tip + ":refs/heads/taken"});
  REQUIRE(LoopLab::soon([&] { return pull.plan(tip).exit_code == 2; }));
  pull.open(tip, true);
  REQUIRE(LoopLab::soon([&] { return pull.status(tip).starts_with("success"); }));
  CHECK(pull.lab.run({"approve"}).exit_code == 0);
  CHECK(pull.lab.stop() == 0);
}

TEST_CASE("pull request: what a fork wants to connect to is not connected to, approved or not") {
  PullLab pull(ForgeType::gitlab);
  const RawServer server([](Peer& peer, int) {
    while (!peer.read_request().empty()) peer.write(http_answer(401, "no"));
  });
  const std::string evil = pull.lab.scratch() + "/evil";
  pull.lab.git({"checkout", "--quiet", "-B", "topic", "main"});
  pull.lab.write("more.yaml",
                 fmt::format("providers:\n"
                             "  one: {{ type: powerdns, url: \"{0}\", key: \"${{secret.one}}\" }}\n"
                             "  two: {{ type: powerdns, url: \"{0}\", key: \"${{secret.two}}\" }}\n"
                             "secrets:\n  one: {{ file: /nowhere/at/all }}\n"
                             "  two: {{ command: [sh, -c, \"touch {1}; echo key\"] }}\n"
                             "zones:\n  out: {{ zone: out.example.org, on: [one, two], ttl: 5m }}\n"
                             "dns:\n  out:\n    x: 10.5.0.9\n",
                             server.url(), evil));
  pull.lab.git({"add", "--all"});
  pull.lab.git({"commit", "--quiet", "--message", "evil"});
  const std::string tip = pull.lab.git({"rev-parse", "HEAD"});
  pull.lab.git({"push", "--quiet", "origin", "topic:" + pull.tip_ref()});
  pull.lab.git({"checkout", "--quiet", "main"});
  pull.open(tip, true);
  REQUIRE(LoopLab::soon([&] { return pull.lab.run({"approve", tip}).exit_code == 0; }));
  REQUIRE(LoopLab::soon([&] { return pull.status(tip).starts_with("success"); }));
  // There is a plan, and it says what it did not look at.
  const std::string comment = pull.comment();
  for (const std::string name : {"one", "two"}) {
    CHECK_MESSAGE(has(comment, "provider/" + name), comment);
    CHECK_MESSAGE(has(comment, "secret/" + name), comment);
  }
  CHECK_MESSAGE(has(comment, "not trusted on this machine"), comment);
  CHECK(pull.plan(tip).exit_code == 3);
  CHECK(server.connections() == 0);
  CHECK_FALSE(std::ifstream(evil).is_open());
  CHECK(pull.lab.stop() == 0);
}

}  // namespace homeostat::test
