// Webhooks and programs: what others build on.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "tests/reconciler/notify/notify_lab.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/temp_repo.hpp"

using namespace homeostat;
using namespace homeostat::test;
using nlohmann::json;

namespace {

const json form = {
    {"homeostat", 1},
    {"event", "home-17-opened"},
    {"site", "home"},
    {"kind", "opened"},
    {"title", "drift: container/jellyfin"},
    {"text", "memory 4GiB, wanted 2GiB\nsince 2026-11-21 13:41 UTC, by ops\n"},
    {"markdown",
     "**drift\\: container\\/jellyfin**\n\n```\nmemory 4GiB, wanted 2GiB\nsince 2026-11-21 13:41 "
     "UTC, by ops\n```\n"},
    {"html",
     "<p><b>drift: container/jellyfin</b></p>\n<pre style=\"white-space: pre-wrap\">memory 4GiB, "
     "wanted 2GiB\nsince 2026-11-21 13:41 UTC, by ops</pre>\n"},
    {"at", "2026-11-21T14:02:11Z"},
    {"incident", "17"}};

std::string run(const std::string& script, const json& change = json::object(),
                const std::string& folder = {}) {
  json settings = {{"command", {"sh", "-c", script}}};
  settings.update(change);
  return words(open("exec", settings, folder)->deliver(sample(), {}));
}

}  // namespace

TEST_CASE("webhook: the message as JSON, signed over its bytes, with the event's id") {
  FakeRequest got;
  const FakeHttp server([&got](const FakeRequest& request) {
    got = request;
    return FakeAnswer{.status = 204, .body = ""};
  });
  const auto hook = open("webhook", {{"url", server.url() + "/in?key=c4nary-in-query"},
                                     {"secret", "c4nary key"},
                                     {"headers", {{"X-Token", "c4nary-header"}}}});
  CHECK(words(hook->deliver(sample(), {})) == "accepted");
  CHECK(got.path == "/in");
  CHECK(got.query.find("key")->second == "c4nary-in-query");
  CHECK(got.headers.at("x-token") == "c4nary-header");
  CHECK(got.headers.at("x-homeostat-event") == "home-17-opened");
  CHECK(got.headers.at("content-type") == "application/json");
  CHECK(json::parse(got.body) == form);
  // As `openssl dgst -sha256 -hmac` would.
  const std::string key = "c4nary key";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(got.body.data()), got.body.size(), digest.data(),
       &length);
  std::string expected = "sha256=";
  for (unsigned int i = 0; i < length; ++i) {
    expected += "0123456789abcdef"[digest.at(i) >> 4U];
    expected += "0123456789abcdef"[digest.at(i) & 15U];
  }
  CHECK(got.headers.at("x-homeostat-signature") == expected);
}

TEST_CASE("webhook: without a key there is no signature, and a header cannot smuggle another") {
  FakeRequest got;
  const FakeHttp server([&got](const FakeRequest& request) {
    got = request;
    return FakeAnswer{};
  });
  CHECK(words(open("webhook", {{"url", server.url()}})->deliver(sample(), {})) == "accepted");
  CHECK(!got.headers.contains("x-homeostat-signature"));
  const auto evil =
      try_open("webhook", {{"url", server.url()}, {"headers", {{"X-A", "b\r\nX-C: c4nary"}}}});
  REQUIRE(!evil);
  CHECK(to_string(evil.error()).find("c4nary") == std::string::npos);
}

TEST_CASE("exec: a program gets the message as one line of JSON, and 0 means that it has it") {
  const TempDir folder;
  CHECK(run("cat > got; pwd -P > place", json::object(), folder.path()) == "accepted");
  CHECK(folder.read("place") == folder.path() + "\n");
  const std::string got = folder.read("got");
  CHECK(std::count(got.begin(), got.end(), '\n') == 1);
  CHECK(json::parse(got) == form);
}

TEST_CASE("exec: 75 is for later, every other end is a refusal, and nothing it says is shown") {
  CHECK(run("echo c4nary; exit 75") == "later: notifier phone: sh: exit code 75");
  CHECK(run("echo c4nary; echo c4nary >&2; exit 1") ==
        "refused: notifier phone: sh: exit code 1 (run it by hand with such a message to see what "
        "it says)");
  CHECK(run("kill -9 $$").find("refused: notifier phone: sh: signal 9") == 0);
  CHECK(run("exec yes").find("refused: notifier phone: sh: wrote more than 64 KiB") == 0);
  CHECK(run("exec sleep 1000", {{"timeout", "1s"}}) ==
        "later: notifier phone: sh: did not end in 1 s");
  CHECK(words(open("exec", {{"command", {"no-such-program-here"}}})->deliver(sample(), {})) ==
        "refused: notifier phone: cannot run no-such-program-here: No such file or directory");
}

TEST_CASE("exec: there is no shell, and a stop request ends it") {
  const TempDir folder;
  CHECK(words(open("exec", {{"command", {"touch", "$(id); a b"}}}, folder.path())
                  ->deliver(sample(), {})) == "accepted");
  CHECK(folder.read("$(id); a b").empty());
  std::stop_source stop;
  stop.request_stop();
  const Delivery delivery = open("exec", {{"command", {"sleep", "1000"}}, {"timeout", "10m"}})
                                ->deliver(sample(), stop.get_token());
  CHECK(delivery.state == DeliveryState::later);
  CHECK(delivery.error.kind == ErrorKind::cancelled);
}
