// Who may wake the loop.
#include "tests/reconciler/forge/webhook_case.hpp"

using namespace homeostat;
using namespace homeostat::test;

namespace {

// Its headers in lower case, with these gone.
Hook without(Hook hook, const std::vector<std::string>& names) {
  for (const std::string& name : names) hook.headers.erase(name);
  return hook;
}

const std::vector<std::string> own_signatures = {"X-Forgejo-Signature", "X-Gitea-Signature",
                                                 "X-Hub-Signature-256", "X-Gitlab-Token"};

Hook standard_hook(std::string_view key, const std::string& timestamp = "1795000000") {
  Hook hook = without(push_of(ForgeType::gitlab), own_signatures);
  hook.headers["webhook-id"] = "w1";
  hook.headers["webhook-timestamp"] = timestamp;
  hook.headers["webhook-signature"] =
      "v1," + base64_of(hmac_sha256(key, "w1." + timestamp + "." + hook.body));
  return hook;
}

}  // namespace

TEST_CASE("webhook: the digest is the one of GitHub's documentation") {
  CHECK(hex_mac("Hello, World!") ==
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
  Hook hook{.body = "Hello, World!"};
  hook.headers["X-Hub-Signature-256"] =
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  // Genuine, and no JSON.
  CHECK(refused(judge(ForgeType::github, hook), 400));
}

TEST_CASE("webhook: a signed push wakes the loop") {
  for (const ForgeType forge : every_forge) {
    CAPTURE(to_string(forge));
    const WebhookVerdict verdict = judge(forge, push_of(forge));
    CHECK_MESSAGE(wakes(verdict), verdict.why);
    CHECK(verdict.what == WebhookVerdict::What::push);
    CHECK(verdict.delivery == "d1");
  }
}

TEST_CASE("webhook: names of headers may be written in any way") {
  for (const ForgeType forge : every_forge) {
    Hook hook = push_of(forge);
    std::map<std::string, std::string> loud;
    for (const auto& [name, value] : hook.headers) {
      std::string upper = name;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      loud[upper] = value;
    }
    hook.headers = loud;
    CHECK(wakes(judge(forge, hook)));
  }
}

TEST_CASE("webhook: one without a signature is refused, and so is one with an empty one") {
  for (const ForgeType forge : every_forge) {
    CAPTURE(to_string(forge));
    const Hook bare = without(push_of(forge), own_signatures);
    CHECK(refused(judge(forge, bare), 401));
    for (const std::string& name : own_signatures) {
      for (const std::string empty : {"", " ", "sha256=", "sha1="}) {
        Hook hook = bare;
        hook.headers[name] = empty;
        const WebhookVerdict verdict = judge(forge, hook);
        CHECK(refused(verdict, 401));
        // Where an empty digest counts as wrong, no other signature is looked for.
        const bool empty_digest = name == "X-Hub-Signature-256" && empty == "sha256=";
        if (empty_digest) CHECK(verdict.why.starts_with("it is not signed"));
      }
    }
    // Gitea without a secret.
    Hook hook = bare;
    hook.headers["X-Hub-Signature"] = "sha1=";
    CHECK(refused(judge(forge, hook), 401));
  }
}

TEST_CASE("webhook: a wrong signature is refused") {
  for (const ForgeType forge : every_forge) {
    CAPTURE(to_string(forge));
    Hook changed = push_of(forge);
    changed.body += ' ';
    // GitLab's token says nothing about the body.
    CHECK(refused(judge(forge, changed), 401) == (forge != ForgeType::gitlab));

    const Hook good = push_of(forge);
    for (const std::string& name : own_signatures) {
      if (!good.headers.contains(name)) continue;
      const std::string right = good.headers.at(name);
      std::string upper = right;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      for (const std::string& wrong :
           {right + "0", right.substr(1), right.substr(0, right.size() - 1), "0" + right, upper,
            std::string(64, '0'), right + ", " + right}) {
        Hook hook = without(good, own_signatures);
        hook.headers[name] = wrong;
        CAPTURE(name);
        CAPTURE(wrong);
        CHECK(refused(judge(forge, hook), 401));
      }
    }
  }
}

TEST_CASE("webhook: the signature of a body that another secret signed is refused") {
  for (const ForgeType forge : every_forge) {
    WebhookSettings settings = gate_settings(forge);
    settings.secret = "another";
    WebhookGate gate(settings);
    CHECK(refused(judge(gate, push_of(forge)), 401));
  }
}

TEST_CASE("webhook: a wrong signature of the forge itself is not mended by one made for others") {
  Hook forgejo = push_of(ForgeType::forgejo);
  forgejo.headers["X-Forgejo-Signature"] = hex_mac("another body");
  CHECK(refused(judge(ForgeType::forgejo, forgejo), 401));
  forgejo = push_of(ForgeType::forgejo);
  forgejo.headers.erase("X-Forgejo-Signature");
  forgejo.headers["X-Gitea-Signature"] = hex_mac("another body");
  CHECK(refused(judge(ForgeType::forgejo, forgejo), 401));
  Hook gitea = push_of(ForgeType::gitea);
  gitea.headers["X-Gitea-Signature"] = hex_mac("another body");
  CHECK(refused(judge(ForgeType::gitea, gitea), 401));
  Hook gitlab = standard_hook("another key");
  gitlab.headers["X-Gitlab-Token"] = secret;
  CHECK(refused(judge(ForgeType::gitlab, gitlab), 401));
}

TEST_CASE("webhook: where the forge's own signature is missing, one made for others counts") {
  Hook forgejo = push_of(ForgeType::forgejo);
  forgejo.headers["X-Forgejo-Signature"] = "";
  CHECK(wakes(judge(ForgeType::forgejo, forgejo)));
  CHECK(wakes(
      judge(ForgeType::forgejo, without(forgejo, {"X-Forgejo-Signature", "X-Gitea-Signature"}))));
  CHECK(wakes(judge(ForgeType::gitea, without(push_of(ForgeType::gitea), {"X-Gitea-Signature"}))));
  // Not the other way round.
  CHECK(refused(judge(ForgeType::gitea, without(push_of(ForgeType::forgejo),
                                                {"X-Gitea-Signature", "X-Hub-Signature-256"})),
                401));
  CHECK(refused(
      judge(ForgeType::github, without(push_of(ForgeType::forgejo), {"X-Hub-Signature-256"})),
      401));
}

TEST_CASE("webhook: without a secret everything is refused") {
  for (const ForgeType forge : every_forge) {
    WebhookSettings settings = gate_settings(forge);
    settings.secret = "";
    WebhookGate gate(settings);
    CHECK(refused(judge(gate, push_of(forge)), 401));
    Hook hook = without(push_of(forge), own_signatures);
    CHECK(refused(judge(gate, hook), 401));
    hook.headers["X-Hub-Signature-256"] = "sha256=" + hex_mac(hook.body, "");
    hook.headers["X-Gitlab-Token"] = "";
    const WebhookVerdict verdict = judge(gate, hook);
    CHECK(refused(verdict, 401));
    CHECK(verdict.why == "no secret is configured");
    const WebhookHeaders headers = {{"x-hub-signature-256", "sha256=" + hex_mac(hook.body, "")}};
    CHECK(check_signature(forge, "", headers, hook.body, noon) == Signed::wrong);
  }
}

TEST_CASE("webhook: GitLab's signing token is taken as it is, or out of its base64") {
  CHECK(wakes(judge(ForgeType::gitlab, standard_hook(secret))));
  CHECK(judge(ForgeType::gitlab, standard_hook(secret)).delivery == "w1");
  for (const std::string key : {"k", "ke", "key", "a key of more bytes than that"}) {
    WebhookSettings settings = gate_settings(ForgeType::gitlab);
    settings.secret = "whsec_" + base64_of(key);
    WebhookGate gate(settings);
    CHECK(wakes(judge(gate, standard_hook(key))));
    CHECK(refused(judge(gate, standard_hook(settings.secret)), 401));
  }
  // What is no base64 is no key in disguise.
  for (const std::string odd : {"whsec_", "whsec_=", "whsec_====", "whsec_a key?", "whsec_abc"}) {
    WebhookSettings settings = gate_settings(ForgeType::gitlab);
    settings.secret = odd;
    WebhookGate gate(settings);
    CHECK(wakes(judge(gate, standard_hook(odd))));
    CHECK(refused(judge(gate, standard_hook("")), 401));
  }
}

TEST_CASE("webhook: of several signatures one suffices, while a token is changed") {
  Hook hook = standard_hook(secret);
  const std::string right = hook.headers["webhook-signature"];
  hook.headers["webhook-signature"] = "v1,AAAA " + right + " v1a,BBBB";
  CHECK(wakes(judge(ForgeType::gitlab, hook)));
  hook.headers["webhook-signature"] = "v2" + right.substr(2);
  CHECK(refused(judge(ForgeType::gitlab, hook), 401));
}

TEST_CASE("webhook: a signed timestamp must be within five minutes") {
  using std::chrono::seconds;
  for (const int off : {0, 300, -300}) {
    CHECK(wakes(judge(ForgeType::gitlab, standard_hook(secret), noon + seconds(off))));
  }
  for (const int off : {301, -301, 100'000}) {
    CHECK(refused(judge(ForgeType::gitlab, standard_hook(secret), noon + seconds(off)), 401));
  }
  for (const std::string odd : {"", "noon", "-1795000000", "1795000000.0", "99999999999999999999",
                                "18446744073709551615"}) {
    CHECK(refused(judge(ForgeType::gitlab, standard_hook(secret, odd)), 401));
  }
  Hook hook = standard_hook(secret);
  hook.headers["webhook-timestamp"] = "1795000001";  // not what was signed
  CHECK(refused(judge(ForgeType::gitlab, hook), 401));
  hook = standard_hook(secret);
  hook.headers["webhook-id"] = "w2";
  CHECK(refused(judge(ForgeType::gitlab, hook), 401));
  hook.headers.erase("webhook-id");
  hook.headers["webhook-signature"] =
      "v1," + base64_of(hmac_sha256(secret, ".1795000000." + hook.body));
  CHECK(refused(judge(ForgeType::gitlab, hook), 401));
}

TEST_CASE("webhook: the signature is over the bytes as they came") {
  Hook hook;
  hook.body = " {\"after\" : \"" + std::string(commit) +
              "\",\r\n\t\"ref\":\"refs/heads/m\\u0061in\", \"repository\":{\"full_name\":"
              "\"ana/lab\"}} \n";
  name_event(ForgeType::gitea, hook, "push", "d1");
  sign(ForgeType::gitea, hook);
  CHECK(wakes(judge(ForgeType::gitea, hook)));
}

TEST_CASE("webhook: a body beyond the limit is refused, even one that is signed") {
  for (const ForgeType forge : every_forge) {
    for (const bool fits : {true, false}) {
      Hook hook = push_of(forge);
      hook.body.append(most_webhook_bytes + (fits ? 0 : 1) - hook.body.size(), ' ');
      sign(forge, hook);
      const WebhookVerdict verdict = judge(forge, hook);
      CHECK((fits ? wakes(verdict) : refused(verdict, 413)));
    }
  }
}

TEST_CASE("webhook: it must be JSON, and its content type must say so") {
  for (const ForgeType forge : every_forge) {
    Hook hook = push_of(forge);
    hook.headers["content-type"] = "Application/JSON; charset=utf-8";
    CHECK(wakes(judge(forge, hook)));
    for (const std::string type : {"text/plain", "", "application/jsonx", "multipart/form-data"}) {
      hook.headers["content-type"] = type;
      CHECK(refused(judge(forge, hook), 415));
    }
    hook.headers.erase("content-type");
    CHECK(refused(judge(forge, hook), 415));
  }
}

TEST_CASE("webhook: of forms only GitHub's are taken, which signs them as they are sent") {
  std::string form = "payload=";
  for (const char c : push_body(ForgeType::github).dump(2)) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      form += c;
    } else if (c == ' ') {
      form += '+';
    } else {
      form += {'%', digits[byte >> 4U], digits[byte & 0xFU]};
    }
  }
  const auto sent = [](ForgeType forge, const std::string& body) {
    Hook hook{.body = body};
    name_event(forge, hook, "push", "d1");
    sign(forge, hook);
    hook.headers["content-type"] = "application/x-www-form-urlencoded";
    return hook;
  };
  const WebhookVerdict verdict = judge(ForgeType::github, sent(ForgeType::github, form));
  CHECK_MESSAGE(wakes(verdict), verdict.why);
  CHECK(wakes(judge(ForgeType::github, sent(ForgeType::github, "x=1&" + form + "&y="))));
  // %3G is no character, though a careless reader makes a `/` of it.
  std::string damaged = form;
  damaged.insert(damaged.find("ref"), "x%3G%22%3A1%2C%22");
  CHECK(refused(judge(ForgeType::github, sent(ForgeType::github, damaged)), 400));
  // Gitea signs the JSON inside: what it sends is not what it vouches for.
  Hook gitea = sent(ForgeType::gitea, form);
  CHECK(refused(judge(ForgeType::gitea, gitea), 415));
  gitea.headers["X-Gitea-Signature"] = hex_mac(push_body(ForgeType::gitea).dump(2));
  CHECK(refused(judge(ForgeType::gitea, gitea), 415));
  for (const std::string odd : {"", "payload", "payload=", "payload=%7", "payload=%7B%", "x=1",
                                "payload=%GG", "payload=%7B%7", "payload={}x"}) {
    CHECK(refused(judge(ForgeType::github, sent(ForgeType::github, odd)), 400));
  }
}

TEST_CASE("webhook: no verdict shows the secret or a signature") {
  for (const ForgeType forge : every_forge) {
    for (const bool wrong : {false, true}) {
      Hook hook = push_of(forge);
      if (wrong) hook.body += "x";
      const WebhookVerdict verdict = judge(forge, hook);
      CHECK(verdict.why.find(secret) == std::string::npos);
      CHECK(verdict.why.find(hex_mac(hook.body)) == std::string::npos);
    }
  }
}
