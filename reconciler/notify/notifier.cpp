#include "reconciler/notify/notifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>

#include "providers/core/scrub.hpp"
#include "reconciler/notify/render.hpp"
#include "reconciler/notify/text.hpp"
#include "reconciler/notify/types.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

struct Row {
  NotifierSchema schema;
  Result<std::unique_ptr<Notifier>> (*open)(const NotifierContext&);
};

const std::vector<Row>& table() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> made;
    for (const NotifierType& type : {discord_type(), email_type(), exec_type(), matrix_type(),
                                     ntfy_type(), slack_type(), telegram_type(), webhook_type()}) {
      made.push_back({type.schema(), type.open});
    }
    return made;
  }();
  return rows;
}

// Every text below a value: of a list, of a map.
void collect(const nlohmann::json& value, std::vector<std::string>& texts) {
  if (value.is_string()) texts.push_back(value.get<std::string>());
  if (!value.is_structured()) return;
  for (const nlohmann::json& below : value) collect(below, texts);
}

bool is_secret(const FieldSchema& field) {
  return field.secret || std::any_of(field.fields.begin(), field.fields.end(), is_secret);
}

std::vector<std::string> secrets_in(const NotifierSchema& schema, const Attributes& settings) {
  constexpr std::size_t shortest = 4;  // too much else looks like a shorter one
  std::vector<std::string> texts;
  for (const FieldSchema& field : schema.settings) {
    const auto found = settings.find(field.name);
    if (is_secret(field) && found != settings.end()) collect(*found, texts);
  }
  std::erase_if(texts, [](const std::string& text) { return text.size() < shortest; });
  return texts;
}

// Canonical, complete, and nothing besides.
Result<Attributes> complete(const NotifierSchema& schema, const Attributes& settings) {
  Attributes whole = Attributes::object();
  if (!settings.is_object()) return fail(ErrorKind::invalid_spec, "its settings are no mapping");
  for (const auto& [key, value] : settings.items()) {
    const auto known = std::ranges::find(schema.settings, key, &FieldSchema::name);
    if (known == schema.settings.end()) {
      return fail(ErrorKind::invalid_spec, in_ticks(key) + " is not one of its settings");
    }
    auto canonical = canonical_value(*known, value);
    if (!canonical) {
      Error error = std::move(canonical).error();
      error.message = fmt::format("`{}`: {}", key, error.message);
      return tl::unexpected(std::move(error));
    }
    whole[key] = std::move(*canonical);
  }
  for (const FieldSchema& field : schema.settings) {
    const auto found = whole.find(field.name);
    if (found != whole.end() && !found->is_null()) continue;
    if (field.required) {
      return fail(ErrorKind::invalid_spec, fmt::format("`{}` is missing", field.name));
    }
    if (!field.default_value.is_null()) whole[field.name] = field.default_value;
  }
  return whole;
}

// Around every type: clean words in, clean words out.
class Guarded final : public Notifier {
 public:
  Guarded(std::unique_ptr<Notifier> inner, std::string name, Scrubber scrubber)
      : inner_(std::move(inner)), name_(std::move(name)), scrubber_(std::move(scrubber)) {}

  [[nodiscard]] Delivery deliver(const Message& message, std::stop_token stop) override {
    Delivery delivery;
    try {
      delivery = inner_->deliver(with_forms(clean_message(message)), std::move(stop));
    } catch (const std::exception& surprise) {
      delivery.state = DeliveryState::refused;
      delivery.error = fail(ErrorKind::internal, surprise.what()).value();
    }
    if (!delivery.error.message.empty()) {
      delivery.error.message = fmt::format("notifier {}: {}", name_, delivery.error.message);
      delivery.error = scrubber_.clean(std::move(delivery.error));
    }
    return delivery;
  }

 private:
  const std::unique_ptr<Notifier> inner_;
  const std::string name_;
  const Scrubber scrubber_;
};

}  // namespace

std::span<const NotifierSchema> notifier_schemas() {
  static const std::vector<NotifierSchema> schemas = [] {
    std::vector<NotifierSchema> made;
    for (const Row& row : table()) made.push_back(row.schema);
    return made;
  }();
  return schemas;
}

Result<std::unique_ptr<Notifier>> open_notifier(const std::string& type,
                                                const NotifierContext& context) {
  const auto named = [&context](Error error) {
    error.message = fmt::format("notifier {}: {}", context.name, error.message);
    return tl::unexpected(std::move(error));
  };
  const auto row = std::ranges::find_if(
      table(), [&type](const Row& candidate) { return candidate.schema.type == type; });
  if (row == table().end()) {
    return named(fail(ErrorKind::invalid_spec, "there is no type " + in_ticks(type)).value());
  }
  Result<Attributes> settings = complete(row->schema, context.settings);
  if (!settings) return named(settings.error());
  Scrubber scrubber(secrets_in(row->schema, *settings));
  auto opened = row->open({.name = context.name,
                           .settings = *settings,
                           .folder = context.folder,
                           .timing = context.timing});
  if (!opened) return named(scrubber.clean(std::move(opened).error()));
  return std::make_unique<Guarded>(std::move(*opened), context.name, std::move(scrubber));
}

}  // namespace homeostat
