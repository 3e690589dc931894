// Telegram's Bot API, sendMessage. Text goes with entities rather than in a markup: nothing has to
// be escaped, and no text can break out of its block. What came from outside stands in a `pre`,
// where Telegram makes no links, mentions or commands of it.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <mutex>

#include "reconciler/notify/done_parts.hpp"
#include "reconciler/notify/text.hpp"
#include "reconciler/notify/types.hpp"
#include "reconciler/notify/web.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

constexpr std::size_t longest_text = 4096;  // UTF-16 units, after entities
constexpr std::size_t most_parts = 3;

// The text of one part, with its entities.
json part_of(const Message& message, const std::string& chunk, std::size_t part,
             std::size_t parts) {
  const std::string title = numbered(message.title, part, parts);
  std::string text = title;
  json entities = json::array();
  const auto add = [&](const char* type, const std::string& piece) {
    text += '\n';
    entities.push_back(
        {{"type", type}, {"offset", utf16_length(text)}, {"length", utf16_length(piece)}});
    text += piece;
  };
  entities.push_back({{"type", "bold"}, {"offset", 0}, {"length", utf16_length(title)}});
  if (!chunk.empty()) add("pre", chunk);
  add("code", footer(message));
  return {{"text", std::move(text)}, {"entities", std::move(entities)}};
}

// In every part title, number and footer stand around the chunk.
std::vector<json> parts_of(const Message& message) {
  constexpr std::size_t number_and_lines = 10;
  const std::size_t around =
      utf16_length(message.title) + utf16_length(footer(message)) + number_and_lines;
  std::vector<std::string> chunks =
      split_text(message.text, longest_text - std::min(around, longest_text / 2), most_parts);
  if (chunks.empty()) chunks.emplace_back();
  std::vector<json> parts;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    parts.push_back(part_of(message, chunks[i], i, chunks.size()));
  }
  return parts;
}

// An integer where it is one: a chat's id needs more than 32 bits.
json chat_value(const std::string& chat) {
  const auto number = parse_integer(chat);
  return number ? json(*number) : json(chat);
}

struct Answer {
  bool ok = false;
  std::string description;
  std::optional<std::chrono::seconds> retry_after;
  std::optional<std::int64_t> migrate_to;
};

Result<Answer> read_answer(const HttpReply& reply) {
  TRY_ASSIGN(const json body, json_of(reply));
  if (!body.is_object() || !body.contains("ok") || !body["ok"].is_boolean()) {
    return fail(ErrorKind::internal, reply.origin + ": the answer is not the Bot API's");
  }
  Answer answer;
  answer.ok = body["ok"].get<bool>();
  const auto text = body.find("description");
  if (text != body.end() && text->is_string()) answer.description = text->get<std::string>();
  const auto parameters = body.find("parameters");
  if (parameters == body.end() || !parameters->is_object()) return answer;
  const auto number = [&parameters](const char* key) -> std::optional<std::int64_t> {
    const auto found = parameters->find(key);
    if (found == parameters->end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
  };
  if (const auto seconds = number("retry_after"); seconds && *seconds >= 0) {
    answer.retry_after = std::chrono::seconds(std::min<std::int64_t>(*seconds, 1'000'000));
  }
  answer.migrate_to = number("migrate_to_chat_id");
  return answer;
}

// What it says where it cannot read what is bold and what is not.
bool is_about_entities(const std::string& description) {
  return to_lower(description).find("entit") != std::string::npos;
}

class Telegram final : public Notifier {
 public:
  Telegram(WebCaller web, std::string path, const NotifierContext& context)
      : web_(std::move(web)),
        path_(std::move(path)),
        name_(context.name),
        written_chat_(chat_value(text_setting(context, "chat"))),
        chat_(written_chat_) {
    const auto thread = context.settings.find("thread");
    if (thread != context.settings.end()) thread_ = *thread;
  }

  [[nodiscard]] Delivery deliver(const Message& message, std::stop_token stop) override {
    const std::vector<json> parts = parts_of(message);
    Delivery result;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (progress_.is_done(message.id, i)) continue;
      Delivery sent = send(parts[i], message.kind, stop);
      if (sent.state == DeliveryState::later) return sent;
      if (sent.state == DeliveryState::refused) {
        result = std::move(sent);
        break;
      }
      progress_.set_done(message.id, i);
    }
    progress_.forget(message.id);
    if (result.state == DeliveryState::accepted) result.error = remark();
    return result;
  }

 private:
  struct Exchange {
    Answer answer;
    Delivery delivery;
  };

  // As it is; as plain text where its entities are refused; to the group's new id where it moved.
  // Each at most once.
  Delivery send(json part, Message::Kind kind, const std::stop_token& stop) {
    bool plain = false;
    bool moved = false;
    while (true) {
      const json chat = current_chat();
      Exchange exchange = post(part, chat, kind, stop);
      const Answer& answer = exchange.answer;
      if (exchange.delivery.state != DeliveryState::refused) return exchange.delivery;
      if (answer.migrate_to && !moved) {
        moved = true;
        move_to(*answer.migrate_to);
      } else if (is_about_entities(answer.description) && !plain) {
        plain = true;
        part.erase("entities");
      } else {
        return exchange.delivery;
      }
    }
  }

  Exchange post(const json& part, const json& chat, Message::Kind kind,
                const std::stop_token& stop) {
    json body = part;
    body["chat_id"] = chat;
    if (!thread_.is_null()) body["message_thread_id"] = thread_;
    body["link_preview_options"] = {{"is_disabled", true}};
    body["disable_notification"] = kind != Message::Kind::opened;
    HttpRequest request;
    request.method = "POST";
    request.path = path_;
    request.body = dump(body);
    Result<HttpReply> reply = web_.send(std::move(request), stop);
    if (!reply) return {{}, WebCaller::unanswered(std::move(reply).error())};
    Result<Answer> answer = read_answer(*reply);
    if (!answer) return {{}, WebCaller::unanswered(std::move(answer).error())};
    if (answer->ok && reply->status < 300) return {std::move(*answer), {}};
    Delivery delivery =
        web_.judge(*reply, {.said = answer->description, .wait = answer->retry_after});
    if (reply->status == 401 || reply->status == 404) {
      delivery.error.hint = "check `token`: it is what @BotFather gave";
    } else if (reply->status == 400 || reply->status == 403) {
      delivery.error.hint = "check `chat`, and that the bot is in it and may write there";
    }
    return {std::move(*answer), std::move(delivery)};
  }

  json current_chat() {
    const std::lock_guard lock(mutex_);
    return chat_;
  }
  void move_to(std::int64_t chat) {
    spdlog::warn("notifier={} moved: the group has the id {} now; write it as its `chat`", name_,
                 chat);
    const std::lock_guard lock(mutex_);
    chat_ = chat;
  }
  Error remark() {
    const std::lock_guard lock(mutex_);
    if (chat_ == written_chat_) return {};
    return fail(ErrorKind::invalid_spec,
                fmt::format("the group {} has become {}", dump(written_chat_), dump(chat_)),
                fmt::format("write `chat: {}`", dump(chat_)))
        .value();
  }

  const WebCaller web_;
  const std::string path_;
  const std::string name_;
  const json written_chat_;
  json thread_;
  DoneParts progress_;
  std::mutex mutex_;
  json chat_;  // guarded by mutex_; another one once the group has moved
};

Result<std::string> canonical_chat(std::string_view text) {
  const auto number = parse_integer(text);
  if (number && *number != 0) return std::to_string(*number);
  const bool name =
      text.size() > 1 && text.front() == '@' &&
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
                             1) == text.npos;
  if (name) return std::string(text);
  return fail(ErrorKind::invalid_spec, in_ticks(text) + " is no chat",
              "write its number, as getUpdates shows it, or \"@name\" of a channel");
}

Result<std::string> canonical_token(std::string_view text) {
  const auto colon = text.find(':');
  const bool fine =
      colon != std::string_view::npos && parse_digits(text.substr(0, colon)) &&
      colon + 1 < text.size() &&
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-",
                             colon + 1) == text.npos;
  if (fine) return std::string(text);
  return fail(ErrorKind::invalid_spec, "it is no token of a bot");
}

NotifierSchema telegram_schema() {
  NotifierSchema schema;
  schema.type = "telegram";
  schema.doc = "A chat, group or channel of Telegram, by a bot of yours.";
  FieldSchema token{.name = "token",
                    .doc = "The bot's token, as @BotFather gave it.",
                    .required = true,
                    .secret = true,
                    .check = canonical_token,
                    .example = "\"${secret.telegram}\""};
  FieldSchema chat{.name = "chat",
                   .doc = "The chat's number (groups have negative ones), or `@name` of a channel.",
                   .required = true,
                   .check = canonical_chat,
                   .example = "-1001234567890"};
  FieldSchema thread{.name = "thread",
                     .type = Type::integer,
                     .doc = "The topic, in a group that has topics.",
                     .min = 1,
                     .example = "7"};
  schema.settings = {std::move(token), std::move(chat), std::move(thread)};
  for (FieldSchema& field :
       web_fields("https://api.telegram.org", "Another Bot API server than Telegram's own.")) {
    schema.settings.push_back(std::move(field));
  }
  return schema;
}

Result<std::unique_ptr<Notifier>> open_telegram(const NotifierContext& context) {
  const std::string token = text_setting(context, "token");
  WebCaller::Input input;
  input.url = text_setting(context, "url");
  // Of its two halves the second is the secret.
  input.secrets = {token, token.substr(token.find(':') + 1)};
  TRY_ASSIGN(WebCaller web, WebCaller::open(context, std::move(input)));
  return std::make_unique<Telegram>(std::move(web), "/bot" + token + "/sendMessage", context);
}

}  // namespace

NotifierType telegram_type() { return {telegram_schema, open_telegram}; }

}  // namespace homeostat
