#include "tests/reconciler/notify/fake_telegram.hpp"

#include <algorithm>

namespace homeostat::test {
namespace {

using nlohmann::json;

FakeAnswer refuse(int code, const std::string& description, const json& parameters = {}) {
  json body = {{"ok", false}, {"error_code", code}, {"description", description}};
  if (!parameters.is_null()) body["parameters"] = parameters;
  FakeAnswer answer;
  answer.status = code;
  answer.body = body.dump();
  return answer;
}

// UTF-8 that is known to be valid -> UTF-16.
std::u16string utf16(const std::string& text) {
  std::u16string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i + k]));
    };
    std::uint32_t point = byte(0);
    std::size_t length = 1;
    if (point >= 0xF0) {
      point = ((point & 7U) << 18U) | ((byte(1) & 63U) << 12U) | ((byte(2) & 63U) << 6U) |
              (byte(3) & 63U);
      length = 4;
    } else if (point >= 0xE0) {
      point = ((point & 15U) << 12U) | ((byte(1) & 63U) << 6U) | (byte(2) & 63U);
      length = 3;
    } else if (point >= 0xC0) {
      point = ((point & 31U) << 6U) | (byte(1) & 63U);
      length = 2;
    }
    i += length;
    if (point >= 0x10000) {
      out += static_cast<char16_t>(0xD800U + ((point - 0x10000U) >> 10U));
      out += static_cast<char16_t>(0xDC00U + ((point - 0x10000U) & 0x3FFU));
    } else {
      out += static_cast<char16_t>(point);
    }
  }
  return out;
}

bool is_low(char16_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

// "" where it is right: of a known type, within the text, on whole characters.
std::string wrong_entity(const json& entity, const std::u16string& text) {
  static const std::set<std::string> types = {"bold",          "italic",    "underline",
                                              "strikethrough", "spoiler",   "code",
                                              "pre",           "text_link", "blockquote"};
  if (!entity.is_object() || entity.size() != 3) return "an entity with other fields";
  if (!types.contains(entity.value("type", ""))) return "unsupported type";
  if (!entity["offset"].is_number_unsigned() || !entity["length"].is_number_unsigned()) {
    return "offset and length must be integers";
  }
  const auto offset = entity["offset"].get<std::size_t>();
  const auto end = offset + entity["length"].get<std::size_t>();
  if (end <= offset || end > text.size()) return "out of the text";
  if (is_low(text[offset]) || (end < text.size() && is_low(text[end]))) return "half a character";
  if (text[end - 1] == u' ' || text[end - 1] == u'\n') return "a blank at its end";
  return "";
}

// "" where they are right: each of them, in order, none inside a `code` or `pre`.
std::string wrong_entities(const json& entities, const std::u16string& text) {
  if (!entities.is_array() || entities.size() > 100) return "not a list of at most 100";
  std::size_t block_end = 0;
  std::size_t last = 0;
  for (const json& entity : entities) {
    if (std::string wrong = wrong_entity(entity, text); !wrong.empty()) return wrong;
    const auto offset = entity["offset"].get<std::size_t>();
    const auto end = offset + entity["length"].get<std::size_t>();
    if (offset < last) return "not in order";
    if (offset < block_end) return "inside a block";
    last = offset;
    if (entity["type"] == "code" || entity["type"] == "pre") block_end = end;
  }
  return "";
}

std::string wrong_field(const json& body) {
  static const std::set<std::string> known = {
      "chat_id",  "message_thread_id",    "text",
      "entities", "link_preview_options", "disable_notification"};
  for (const auto& [key, value] : body.items()) {
    if (!known.contains(key)) return "unknown field " + key;
  }
  const json chat = body.value("chat_id", json());
  const bool name = chat.is_string() && chat.get<std::string>().starts_with('@');
  if (!chat.is_number_integer() && !name) return "chat_id must be an integer or @name";
  if (body.contains("message_thread_id") && !body["message_thread_id"].is_number_integer()) {
    return "message_thread_id must be an integer";
  }
  if (body.value("link_preview_options", json()) != json({{"is_disabled", true}})) {
    return "previews are on";
  }
  if (!body.contains("disable_notification") || !body["disable_notification"].is_boolean()) {
    return "disable_notification must be true or false";
  }
  if (!body.contains("text") || !body["text"].is_string()) return "text must be a string";
  return "";
}

}  // namespace

FakeAnswer FakeTelegram::answer(const FakeRequest& request) {
  const std::lock_guard lock(mutex_);
  ++calls_;
  return take(request);
}

FakeAnswer FakeTelegram::take(const FakeRequest& request) {
  if (request.method != "POST" || !request.path.starts_with("/bot") ||
      !request.path.ends_with("/sendMessage") || !request.query.empty()) {
    return refuse(404, "Not Found");
  }
  const std::string given = request.path.substr(4, request.path.size() - 4 - 12);
  if (given != token) return refuse(401, "Unauthorized: " + given);
  if (!request.headers.contains("content-type") ||
      request.headers.at("content-type") != "application/json") {
    return refuse(400, "Bad Request: message text is empty");
  }
  const json body = json::parse(request.body, nullptr, false);
  if (body.is_discarded()) return refuse(400, "Bad Request: strings must be encoded in UTF-8");
  if (const std::string wrong = wrong_field(body); !wrong.empty()) {
    return refuse(400, "Bad Request: " + wrong);
  }
  if (flood_after_ > 0) {
    --flood_after_;
  } else if (flood_times_ > 0) {
    --flood_times_;
    return refuse(429, "Too Many Requests: retry after " + std::to_string(retry_after_),
                  {{"retry_after", retry_after_}});
  }
  return deliver(body);
}

FakeAnswer FakeTelegram::deliver(const json& body) {
  const json home = migrated_to_ != 0 ? json(migrated_to_) : json(std::stoll(chat));
  if (migrated_to_ != 0 && body["chat_id"] == json(std::stoll(chat))) {
    return refuse(400, "Bad Request: group chat was upgraded to a supergroup chat",
                  {{"migrate_to_chat_id", migrated_to_}});
  }
  if (body["chat_id"] != home && body["chat_id"] != "@lab") {
    return refuse(400, "Bad Request: chat not found");
  }
  if (body.contains("message_thread_id") && body["message_thread_id"] != 7) {
    return refuse(400, "Bad Request: message thread not found");
  }
  if (blocked_) return refuse(403, "Forbidden: bot was blocked by the user");
  const std::u16string text = utf16(body["text"].get<std::string>());
  if (text.find_first_not_of(u" \n") == std::u16string::npos) {
    return refuse(400, "Bad Request: message text is empty");
  }
  if (text.size() > 4096) return refuse(400, "Bad Request: message is too long");
  if (std::any_of(text.begin(), text.end(), [](char16_t c) { return c < 0x20 && c != u'\n'; })) {
    return refuse(400, "Bad Request: control characters");
  }
  if (body.contains("entities")) {
    std::string wrong = wrong_entities(body["entities"], text);
    if (wrong.empty() && refuses_entities_) wrong = "unsupported today";
    if (!wrong.empty()) return refuse(400, "Bad Request: can't parse entities: " + wrong);
  }
  messages_.push_back(body);
  FakeAnswer answer;
  answer.body =
      json({{"ok", true}, {"result", {{"message_id", messages_.size()}, {"date", 1}}}}).dump();
  return answer;
}

}  // namespace homeostat::test
