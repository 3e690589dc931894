#include "tests/reconciler/notify/fake_telegram.hpp"
#include "tests/reconciler/notify/notify_lab.hpp"

using namespace homeostat;
using namespace homeostat::test;
using nlohmann::json;

namespace {

json settings_for(const FakeTelegram& fake) {
  return {{"token", FakeTelegram::token}, {"chat", FakeTelegram::chat}, {"url", fake.url()}};
}

std::string text_of(const json& message) { return message.at("text").get<std::string>(); }

std::string lines(int count, std::size_t width) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    std::string line = std::to_string(i) + " ";
    line += std::string(width - line.size(), 'x');
    text += line + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("telegram: a message arrives with its title bold, its text in a block, no previews") {
  const FakeTelegram fake;
  const auto phone = open("telegram", settings_for(fake));
  CHECK(words(phone->deliver(sample(), {})) == "accepted");
  REQUIRE(fake.messages().size() == 1);
  const json got = fake.messages().front();
  CHECK(text_of(got) ==
        "drift: container/jellyfin\nmemory 4GiB, wanted 2GiB\nsince 2026-11-21 13:41 UTC, by ops\n"
        "home · 2026-11-21 14:02 UTC · opened · event home-17-opened");
  CHECK(got["chat_id"] == -1001234567890);
  CHECK(got["entities"] == json::parse(R"([{"type":"bold","offset":0,"length":25},
        {"type":"pre","offset":26,"length":59},{"type":"code","offset":86,"length":59}])"));
  CHECK(got["disable_notification"] == false);
}

TEST_CASE("telegram: only what opens makes a sound, and a topic and a channel's name are kept") {
  const FakeTelegram fake;
  json settings = settings_for(fake);
  settings["chat"] = "@lab";
  settings["thread"] = 7;
  const auto phone = open("telegram", settings);
  Message message = sample();
  message.kind = Message::Kind::closed;
  CHECK(words(phone->deliver(message, {})) == "accepted");
  REQUIRE(fake.messages().size() == 1);
  CHECK(fake.messages().front()["disable_notification"] == true);
  CHECK(fake.messages().front()["message_thread_id"] == 7);
  CHECK(fake.messages().front()["chat_id"] == "@lab");
}

TEST_CASE("telegram: any text goes through: markup, mentions, bytes that are no text, no text") {
  const FakeTelegram fake;
  const auto phone = open("telegram", settings_for(fake));
  const std::vector<std::string> texts = {
      "<b>&amp; </i> _*[]()~`>#+-=|{}.! @everyone /start https://x.example",
      "\xFF\xC0\xAF broken \xED\xA0\x80",
      std::string("nul \0 bell \a esc \x1b[31m tab\t", 24),
      "\r\nline\rline\r\n",
      "",
      "   \n \n",
      "\xF0\x9F\x98\x80 \xF0\x9F\x8F\xB3 emoji",
      "\xE2\x80\xAEtxt.exe",
  };
  for (const std::string& text : texts) {
    CAPTURE(text);
    Message message = sample();
    message.text = text;
    message.title = text;
    CHECK(words(phone->deliver(message, {})) == "accepted");
  }
  CHECK(fake.messages().size() == texts.size());
  CHECK(text_of(fake.messages()[1]).find("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD broken") !=
        std::string::npos);
  CHECK(text_of(fake.messages()[7]).find("\xE2\x80\xAE") == std::string::npos);
}

TEST_CASE("telegram: a long text goes in up to three parts, cut at lines, with what is left out") {
  const FakeTelegram fake;
  const auto phone = open("telegram", settings_for(fake));
  Message message = sample();
  message.text = lines(100, 70);
  CHECK(words(phone->deliver(message, {})) == "accepted");
  REQUIRE(fake.messages().size() == 2);
  CHECK(text_of(fake.messages()[0]).starts_with("drift: container/jellyfin (1/2)\n0 xxx"));
  CHECK(text_of(fake.messages()[1]).starts_with("drift: container/jellyfin (2/2)\n"));
  CHECK(text_of(fake.messages()[1]).find("\n99 xxx") != std::string::npos);

  message.text = lines(400, 70);
  CHECK(words(phone->deliver(message, {})) == "accepted");
  REQUIRE(fake.messages().size() == 5);
  CHECK(text_of(fake.messages()[4]).find(" more lines are left out\nhome · ") != std::string::npos);

  // One line of characters that count twice.
  message.text.clear();
  for (int i = 0; i < 3000; ++i) message.text += "\xF0\x9F\x98\x80";
  CHECK(words(phone->deliver(message, {})) == "accepted");
  CHECK(fake.messages().size() == 7);
}

TEST_CASE("telegram: what it cannot read with entities goes once more without") {
  FakeTelegram fake;
  fake.refuse_entities();
  const auto phone = open("telegram", settings_for(fake));
  CHECK(words(phone->deliver(sample(), {})) == "accepted");
  CHECK(fake.calls() == 2);
  REQUIRE(fake.messages().size() == 1);
  CHECK(!fake.messages().front().contains("entities"));
}

TEST_CASE("telegram: a limit says when, and a repeat goes on where it stopped") {
  FakeTelegram fake;
  fake.flood(1, 2, 30);
  const auto phone = open("telegram", settings_for(fake));
  Message message = sample();
  message.text = lines(150, 70);
  const Delivery first = phone->deliver(message, {});
  CHECK(first.state == DeliveryState::later);
  CHECK(first.not_before == still_now() + std::chrono::seconds(31));
  CHECK(first.error.message ==
        "notifier phone: POST " + fake.url() +
            "/bot(secret)/sendMessage: 429 Too Many Requests: Too Many Requests: retry after 30; "
            "it asks to wait 30 s");
  CHECK(phone->deliver(message, {}).state == DeliveryState::later);
  CHECK(words(phone->deliver(message, {})) == "accepted");
  REQUIRE(fake.messages().size() == 3);
  CHECK(text_of(fake.messages()[1]).find("(2/3)") != std::string::npos);
  // What is done is forgotten: the same message is told as a whole again.
  CHECK(words(phone->deliver(message, {})) == "accepted");
  CHECK(fake.messages().size() == 6);
}

TEST_CASE("telegram: a group with a new id is followed, and somebody is told to write that") {
  FakeTelegram fake;
  fake.migrate(-100555);
  const auto phone = open("telegram", settings_for(fake));
  for (int calls : {2, 3}) {
    const Delivery delivery = phone->deliver(sample(), {});
    CHECK(words(delivery) ==
          "accepted: notifier phone: the group -1001234567890 has become -100555 (write `chat: "
          "-100555`)");
    CHECK(fake.calls() == calls);
  }
}

TEST_CASE("telegram: a wrong token, a chat that is not there and a block are refused for good") {
  FakeTelegram fake;
  const auto said = [&fake](const json& change) {
    json settings = settings_for(fake);
    settings.update(change);
    return words(open("telegram", settings)->deliver(sample(), {}));
  };
  const std::string start = "refused: notifier phone: POST " + fake.url();
  CHECK(said({{"token", "123456:wrong-c4nary"}}) ==
        start +
            "/bot(secret)/sendMessage: 401 Unauthorized: Unauthorized: (secret) (check `token`: "
            "it is what @BotFather gave)");
  const std::string chat_hint = " (check `chat`, and that the bot is in it and may write there)";
  CHECK(said({{"chat", "-5"}}) ==
        start + "/bot(secret)/sendMessage: 400 Bad Request: Bad Request: chat not found" +
            chat_hint);
  CHECK(said({{"thread", 8}}) ==
        start + "/bot(secret)/sendMessage: 400 Bad Request: Bad Request: message thread not found" +
            chat_hint);
  CHECK(said({{"url", fake.url() + "/nowhere"}}).find("404 Not Found: Not Found") !=
        std::string::npos);
  fake.block();
  CHECK(said(json::object()) == start +
                                    "/bot(secret)/sendMessage: 403 Forbidden: Forbidden: bot was "
                                    "blocked by the user" +
                                    chat_hint);
}

TEST_CASE("telegram: settings that cannot be are refused, and the token is not shown") {
  const auto said = [](const json& settings) {
    const auto opened = try_open("telegram", settings);
    return opened ? std::string("opened") : to_string(opened.error());
  };
  const json good = {{"token", FakeTelegram::token}, {"chat", "-1001"}};
  CHECK(said(good) == "opened");
  for (const char* chat : {"@", "@a b", "lab", "0", "9999999999999999999", "1.5", ""}) {
    json settings = good;
    settings["chat"] = chat;
    CHECK(said(settings).find("is no chat (write its number") != std::string::npos);
  }
  for (const char* token : {"c4nary", ":c4nary", "1:", "1:c4nary/../x", "1:c4nary\n"}) {
    json settings = good;
    settings["token"] = token;
    CHECK(said(settings) == "notifier phone: `token`: the value has a wrong form (it is a secret)");
  }
  CHECK(said({{"chat", "1"}}) == "notifier phone: `token` is missing");
}
