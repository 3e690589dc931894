#include "tests/reconciler/notify/notify_lab.hpp"
#include "tests/support/certificate.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/smtp_server.hpp"

using namespace homeostat;
using namespace homeostat::test;
using nlohmann::json;

namespace {

json settings_for(const std::string& url, const json& to = {"ana@example.org"}) {
  return {{"url", url}, {"from", "homeostat@example.org"}, {"to", to}};
}

std::string said(const json& settings, const Message& message = sample()) {
  return words(open("email", settings)->deliver(message, {}));
}

}  // namespace

TEST_CASE("email: a mail arrives whole, in text and HTML, with a Message-ID of its event") {
  const SmtpServer server;
  const auto mail =
      open("email", settings_for(server.url(), {"ana@example.org", "bo@example.org"}));
  Message message = sample();
  message.title = "drift: tæst <b> \xF0\x9F\x98\x80 " + std::string(120, 'w');
  message.text = ".\n..dots\n" + std::string(3000, 'l') + "\nFrom here\ntrailing  \nüber = <i>&\n";
  CHECK(words(mail->deliver(message, {})) == "accepted");
  REQUIRE(server.mails().size() == 2);
  const json got = server.mails().front();
  CHECK(got["sender"] == "homeostat@example.org");
  CHECK(got["recipients"] == json({"ana@example.org"}));
  CHECK(server.mails().back()["recipients"] == json({"bo@example.org"}));
  CHECK(got["headers"]["to"] == "ana@example.org, bo@example.org");
  CHECK(got["headers"]["from"] == "Homeostat <homeostat@example.org>");
  CHECK(got["headers"]["subject"] == "[home] " + message.title);
  CHECK(got["headers"]["message-id"] == "<home-17-opened@example.org>");
  CHECK(got["headers"]["references"] == "<incident-home-17@example.org>");
  CHECK(got["headers"]["auto-submitted"] == "auto-generated");
  CHECK(got["date"] == "2026-11-21T14:02:11+00:00");
  CHECK(got["text"] == message.title + "\n\n" + message.text +
                           "\n-- \nhome · 2026-11-21 14:02 UTC · opened · event home-17-opened\n");
  CHECK(got["html"].get<std::string>().find("über = &lt;i&gt;&amp;</pre>") != std::string::npos);
  CHECK(got["defects"].empty());
  CHECK(got["longest_line"] <= 78);
  CHECK(got["ascii"] == true);
  CHECK(got["bare_newlines"] == 0);
}

TEST_CASE("email: nothing in a message begins a header or a part of its own") {
  const SmtpServer server;
  Message message = sample();
  message.title = "ok\r\nBcc: eve@example.org\nX-Evil: 1\r\n\r\nbody";
  message.site = "home\r\nX-Evil: 2";
  message.id = "1\r\nX-Evil: 3@x>";
  message.incident = "1\nX-Evil: 4";
  message.text =
      "--=_homeostat\nContent-Type: text/html\n\n<b>evil</b>\n--=_homeostat--\n.\nQUIT\n";
  CHECK(said(settings_for(server.url()), message) == "accepted");
  REQUIRE(server.mails().size() == 1);
  const json got = server.mails().front();
  CHECK(got["recipients"] == json({"ana@example.org"}));
  CHECK(got["names"] == json({"auto-submitted", "content-type", "date", "from", "message-id",
                              "mime-version", "references", "subject", "to"}));
  CHECK(got["text"].get<std::string>().find(message.text) != std::string::npos);
  CHECK(got["defects"].empty());
}

TEST_CASE("email: a page of its own is sent as it is") {
  const SmtpServer server;
  Message message = sample();
  message.html = "<!DOCTYPE html>\n<html><body>page</body></html>\n";
  CHECK(said(settings_for(server.url()), message) == "accepted");
  CHECK(server.mails().front()["html"] == message.html);
}

TEST_CASE(
    "email: a server over TLS is taken by its authority or its fingerprint, and by no other") {
  const TempDir folder;
  const Certificate root =
      make_certificate({.folder = folder.path(), .file = "ca", .authority = true});
  const Certificate good =
      make_certificate({.folder = folder.path(), .file = "good", .issuer = "ca"});
  const SmtpServer starttls({"--certificate", good.file, "--key", good.key_file, "--user", "ops",
                             "--password", "p4ss c4nary"});
  const SmtpServer implicit({"--certificate", good.file, "--key", good.key_file, "--implicit",
                             "--user", "ops", "--password", "p4ss c4nary"});
  for (const auto& [server, scheme] :
       {std::pair(&starttls, "smtp"), std::pair(&implicit, "smtps")}) {
    json settings = settings_for(server->url(scheme));
    settings.update({{"starttls", true}, {"user", "ops"}, {"password", "p4ss c4nary"}});
    const std::string refused = said(settings);
    CHECK(refused.find("later: notifier phone: " + server->url(scheme) +
                       ": its certificate is refused: ") == 0);
    CHECK(refused.find(good.fingerprint) != std::string::npos);
    settings["ca_file"] = root.file;
    CHECK(said(settings) == "accepted");
    settings.erase("ca_file");
    settings["fingerprint"] = good.fingerprint;
    CHECK(said(settings) == "accepted");
    settings["fingerprint"] = root.fingerprint;
    CHECK(said(settings).find("another fingerprint is pinned") != std::string::npos);
    REQUIRE(server->mails().size() == 2);
    CHECK(server->mails().front()["tls"] == (server == &starttls));
    CHECK(server->mails().front()["authenticated"] == true);
  }
}

TEST_CASE("email: without STARTTLS nothing is sent, unless said so or to this machine") {
  const SmtpServer server;
  json settings = settings_for(server.url());
  settings["starttls"] = true;
  CHECK(said(settings) ==
        "later: notifier phone: " + server.url() +
            ": it offers no STARTTLS, and nothing is sent without (for ana@example.org) (write "
            "smtps:// and its port, or `starttls: false` where the network is yours)");
  CHECK(server.mails().empty());
  settings.erase("starttls");
  CHECK(said(settings) == "accepted");
}

TEST_CASE("email: a wrong password is refused, a login that fails for now is for later") {
  const SmtpServer server({"--user", "ops", "--password", "right"});
  json settings = settings_for(server.url());
  settings.update({{"user", "ops"}, {"password", "wrong-c4nary"}});
  const std::string wrong = said(settings);
  CAPTURE(wrong);
  CHECK(wrong.find("refused: notifier phone: " + server.url() + ": 535 ") == 0);
  CHECK(wrong.ends_with("(check `user` and `password`)"));
  settings["user"] = "echo";
  CHECK(said(settings).find(": 535 5.7.8 echo (secret) (secret)") != std::string::npos);
  settings["user"] = "later";
  CHECK(said(settings).find("later: ") == 0);
  settings.update({{"user", "ops"}, {"password", "right"}});
  CHECK(said(settings) == "accepted");
  // Who does not log in where that is asked for.
  CHECK(said(settings_for(server.url())).find("refused: ") == 0);
}

TEST_CASE("email: what one recipient's server says keeps the mail from nobody else") {
  const SmtpServer server;
  CHECK(said(settings_for(server.url(), {"gone@example.org", "zoe@example.org"})) ==
        "refused: notifier phone: " + server.url() +
            ": 550 5.1.1 no such user here (for gone@example.org)");
  CHECK(server.mails().size() == 1);

  const auto mail = open("email", settings_for(server.url(), {"ana@example.org", "gone@example.org",
                                                              "later@example.org"}));
  for (int attempt = 0; attempt < 2; ++attempt) {
    CHECK(words(mail->deliver(sample(), {})) ==
          "later: notifier phone: " + server.url() +
              ": 450 4.2.0 greylisted, come back (for later@example.org)");
    // Who has it does not get it again.
    CHECK(server.mails().size() == 2);
  }
}

TEST_CASE("email: what the server says at the end of the mail counts") {
  const SmtpServer server;
  json settings = settings_for(server.url());
  settings["from"] = "full@example.org";
  CHECK(said(settings).find("refused: notifier phone: " + server.url() + ": 552 5.2.2 mailbox") ==
        0);
  settings["from"] = "busy@example.org";
  CHECK(said(settings).find("later: notifier phone: " + server.url() + ": 452 4.3.1 no room") == 0);
}

TEST_CASE("email: an answer that is lost is for later, and the repeat is the same mail") {
  const SmtpServer server;
  const auto mail = open("email", settings_for(server.url(), {"lost@example.org"}));
  CHECK(mail->deliver(sample(), {}).state == DeliveryState::later);
  CHECK(mail->deliver(sample(), {}).state == DeliveryState::later);
  REQUIRE(server.mails().size() == 2);
  CHECK(server.mails()[0] == server.mails()[1]);
}

TEST_CASE("email: servers that are not there, busy, gone for good, silent, or no mail servers") {
  const auto url_of = [](const RawServer& server) { return "smtp" + server.url().substr(4); };
  CHECK(said(settings_for("smtp://127.0.0.1:" + std::to_string(closed_port()))).find("later: ") ==
        0);
  const RawServer busy([](Peer& peer, int) {
    peer.write("421 4.3.2 too many\r\n");
    peer.wait_for_end();
  });
  CHECK(said(settings_for(url_of(busy))).find(": 421 4.3.2 too many") != std::string::npos);
  CHECK(said(settings_for(url_of(busy))).find("later: ") == 0);
  const RawServer gone([](Peer& peer, int) {
    peer.write("554 no mail here\r\n");
    peer.wait_for_end();
  });
  CHECK(said(settings_for(url_of(gone))).find("refused: ") == 0);
  const RawServer cut([](Peer& peer, int) { peer.write("220-mail"); });
  CHECK(said(settings_for(url_of(cut))).find("later: ") == 0);
  const RawServer web([](Peer& peer, int) {
    peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    peer.wait_for_end();
  });
  json hurried = settings_for(url_of(web));
  hurried["timeout"] = "1s";
  CHECK(said(hurried).find("later: ") == 0);
  const RawServer silent([](Peer& peer, int) { peer.wait_for_end(); });
  hurried["url"] = url_of(silent);
  CHECK(said(hurried).find("later: notifier phone: " + url_of(silent) + ": not done in 1 s") == 0);
}

TEST_CASE("email: a mail that was taken is taken, though the server does not say goodbye") {
  // Everything at once: libcurl takes one answer after the other.
  const RawServer mute([](Peer& peer, int) {
    peer.write("220 x\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n");
    peer.wait_for_end();
  });
  json settings =
      settings_for("smtp" + mute.url().substr(4), {"ana@example.org", "bo@example.org"});
  settings["timeout"] = "1s";
  CHECK(said(settings) == "accepted");
  CHECK(mute.connections() == 2);

  // Nor does that hold up who is to stop.
  std::stop_source stop;
  const RawServer stopping([&stop](Peer& peer, int) {
    peer.write("220 x\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n");
    stop.request_stop();
    peer.wait_for_end();
  });
  settings.update({{"url", "smtp" + stopping.url().substr(4)}, {"timeout", "10m"}});
  const Delivery delivery = open("email", settings)->deliver(sample(), stop.get_token());
  CHECK(stopping.connections() <= 2);
  CHECK(delivery.state == DeliveryState::later);
}

TEST_CASE("email: a stop request ends a delivery") {
  std::stop_source stop;
  const RawServer silent([&stop](Peer& peer, int) {
    stop.request_stop();
    peer.wait_for_end();
  });
  json settings = settings_for("smtp" + silent.url().substr(4));
  settings["timeout"] = "10m";
  const Delivery delivery = open("email", settings)->deliver(sample(), stop.get_token());
  CHECK(delivery.state == DeliveryState::later);
  CHECK(delivery.error.kind == ErrorKind::cancelled);
}

TEST_CASE("email: settings that cannot be are refused") {
  const auto refusal = [](const json& change) {
    json settings = settings_for("smtp://mail.example.org:587");
    settings.update(change);
    const auto opened = try_open("email", settings);
    return opened ? std::string("opened") : to_string(opened.error());
  };
  CHECK(refusal(json::object()) == "opened");
  CHECK(refusal({{"url", "http://mail.example.org"}}).find("not that of a mail server") !=
        std::string::npos);
  CHECK(refusal({{"url", "smtp://ops@mail.example.org"}}).find("names a user") !=
        std::string::npos);
  CHECK(refusal({{"url", "smtp://mail.example.org/x"}}).find("has a path") != std::string::npos);
  CHECK(refusal({{"user", "ops"}}).find("belong together") != std::string::npos);
  CHECK(refusal({{"user", "ops"}, {"password", "c4nary"}}) == "opened");
  CHECK(refusal({{"user", "ops"}, {"password", "c4nary"}, {"starttls", false}}) ==
        "notifier phone: the password would go over the network in the clear (leave out `starttls: "
        "false`, or write smtps://)");
  for (const char* address : {"ana", "ana@", "@example.org", "a b@example.org", "Ana <a@b.org>",
                              "a@b.org\r\nBcc: c", "a..b@c.org", "ä@b.org", "a@b@c"}) {
    CHECK(refusal({{"from", address}}).find("is no mail address") != std::string::npos);
    CHECK(refusal({{"to", {address}}}).find("is no mail address") != std::string::npos);
  }
  CHECK(refusal({{"to", json::array()}}).find("names nobody") != std::string::npos);
}
