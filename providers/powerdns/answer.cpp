// The body of GET /zones/{id}, event by event: of 10,000 record sets a tree of JSON, even of one
// set at a time, would take longer than all else that is done with them.
#include <fmt/format.h>

// Texts are copied by blocks of 16 bytes, where the machine has them. A block may begin within a
// text and end after it: parse_zone() sees to it that there is room.
#ifdef __SSE2__
#define RAPIDJSON_SSE2
#endif
// RapidJSON 1.1.0 looks for room behind a null pointer before it has any: a sum that is compared,
// and never followed.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif
#include <rapidjson/reader.h>
#ifdef __clang__
#pragma clang attribute pop
#endif

#include <algorithm>
#include <array>

#include "providers/powerdns/zone.hpp"
#include "specs/utf8.hpp"

namespace homeostat::powerdns {
namespace {

// What is read of an object. The last is any other key.
enum Word : std::size_t {
  account,
  comments,
  content,
  disabled,
  kind,
  modified_at,
  name,
  records,
  rrsets,
  serial,
  soa_edit_api,
  ttl,
  type,
  unread
};
constexpr std::array<std::string_view, unread> key_names = {
    "account", "comments", "content", "disabled",     "kind", "modified_at", "name",
    "records", "rrsets",   "serial",  "soa_edit_api", "ttl",  "type"};

enum class Shape : std::uint8_t { absent, text, number, boolean, list, other };

struct Member {
  Shape shape = Shape::absent;  // of null too
  std::string text;
  std::int64_t number = 0;  // of a boolean 0 or 1
};

struct Members {
  std::array<Member, unread + 1> all;

  Member& operator[](Word key) { return all.at(key); }
  void clear() {
    for (Member& member : all) member.shape = Shape::absent;  // the text's memory is used again
  }
};

std::string_view shown(Shape shape) {
  switch (shape) {
    case Shape::text:
      return "text";
    case Shape::number:
      return "number";
    case Shape::boolean:
      return "boolean";
    default:
      return "list";
  }
}

tl::unexpected<Error> unexpected_shape(const std::string& place, std::string_view wanted) {
  return fail(ErrorKind::internal,
              fmt::format("the server's answer is not what was expected: {} is no {}",
                          place.empty() ? "it" : place, wanted));
}

// No zone is nested deeper below what is not read; each level costs the parser memory.
constexpr std::size_t max_skipped = 64;

// What RapidJSON tells; false ends it, for what is no JSON. Of what else is wrong the first thing
// stays, and the text is read to its end all the same. RapidJSON's own check of the encoding takes
// longer than the rest of its work, and lets half a surrogate pass where it is escaped.
class Reader : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Reader> {
 public:
  // NOLINTBEGIN(readability-identifier-naming)
  bool Null() { return put(Shape::absent); }
  bool Bool(bool value) { return put(Shape::boolean, value ? 1 : 0); }
  bool Int(int value) { return put(Shape::number, value); }
  bool Uint(unsigned value) { return put(Shape::number, value); }
  bool Int64(std::int64_t value) { return put(Shape::number, value); }
  bool Uint64(std::uint64_t value) { return put(Shape::number, static_cast<std::int64_t>(value)); }
  bool Double(double /*value*/) { return put(Shape::other); }
  bool String(const char* text, rapidjson::SizeType length, bool /*copy*/) {
    const std::string_view value(text, length);
    if (Member* member = put_here(Shape::text)) member->text = value;
    return is_utf8(value);
  }
  bool Key(const char* text, rapidjson::SizeType length, bool /*copy*/) {
    const std::string_view value(text, length);
    if (skipped_ == 0) {
      const auto* const found = std::find(key_names.begin(), key_names.end(), value);
      key_ = static_cast<Word>(found - key_names.begin());
    }
    return is_utf8(value);
  }
  bool StartObject();
  bool EndObject(rapidjson::SizeType /*members*/);
  bool StartArray();
  bool EndArray(rapidjson::SizeType /*items*/);
  // NOLINTEND(readability-identifier-naming)

  [[nodiscard]] Result<ZoneAnswer> finish();

 private:
  enum class Level : std::uint8_t { outside, zone, sets, set, records, comments, record, comment };

  bool put(Shape shape, std::int64_t number = 0) {
    if (Member* member = put_here(shape)) member->number = number;
    return true;
  }
  // A value where the parser stands; nullptr where none is kept.
  Member* put_here(Shape shape);
  // A collection that is not read, with all that is in it.
  bool skip() {
    put(Shape::other);
    skipped_ = 1;
    return true;
  }
  [[nodiscard]] std::string item_place() const {
    const bool comment = level_ == Level::comment || level_ == Level::comments;
    return fmt::format("/rrsets/{}/{}/{}", index_, comment ? "comments" : "records",
                       comment ? set_.comments.size() : set_.records.size());
  }
  void wrong_item(const std::string& member, std::string_view wanted) {
    if (item_error_) item_error_ = unexpected_shape(item_place() + member, wanted);
  }
  // Whether an item has a member of that shape.
  bool has(Word key, Shape shape) {
    if (item_[key].shape == shape) return true;
    wrong_item('/' + std::string(key_names.at(key)), shown(shape));
    return false;
  }
  void take_record();
  void take_comment();
  [[nodiscard]] Status check_set();
  void take_set();

  Level level_ = Level::outside;
  Word key_ = unread;
  std::size_t skipped_ = 0;  // levels of what is not read
  bool is_object_ = false;
  bool only_sets_ = true;  // in `rrsets`
  Members zone_, set_members_, item_;
  RecordSet set_;
  std::size_t index_ = 0;  // of the set
  Status item_error_;      // of the set's records and comments
  Status error_;           // of all sets
  ZoneAnswer answer_;
};

Member* Reader::put_here(Shape shape) {
  if (skipped_ > 0) return nullptr;
  Members* members = nullptr;
  switch (level_) {
    case Level::outside:
      return nullptr;
    case Level::sets:
      only_sets_ = false;
      return nullptr;
    case Level::records:
    case Level::comments:
      wrong_item("", "object");
      return nullptr;
    case Level::zone:
      members = &zone_;
      break;
    case Level::set:
      members = &set_members_;
      break;
    case Level::record:
    case Level::comment:
      members = &item_;
      break;
  }
  Member& member = (*members)[key_];
  member.shape = shape;
  return &member;
}

bool Reader::StartObject() {
  if (skipped_ > 0) return ++skipped_ <= max_skipped;
  switch (level_) {
    case Level::outside:
      is_object_ = true;
      level_ = Level::zone;
      return true;
    case Level::sets:
      level_ = Level::set;
      set_members_.clear();
      set_ = {};
      item_error_ = {};
      return true;
    case Level::records:
      level_ = Level::record;
      item_.clear();
      return true;
    case Level::comments:
      level_ = Level::comment;
      item_.clear();
      return true;
    default:
      return skip();
  }
}

bool Reader::EndObject(rapidjson::SizeType /*members*/) {
  if (skipped_ > 0) {
    --skipped_;
    return true;
  }
  switch (level_) {
    case Level::set:
      take_set();
      level_ = Level::sets;
      break;
    case Level::record:
      take_record();
      level_ = Level::records;
      break;
    case Level::comment:
      take_comment();
      level_ = Level::comments;
      break;
    default:
      level_ = Level::outside;
  }
  return true;
}

bool Reader::StartArray() {
  if (skipped_ > 0) return ++skipped_ <= max_skipped;
  if (level_ == Level::zone && key_ == rrsets) {
    put(Shape::list);
    level_ = Level::sets;
  } else if (level_ == Level::set && key_ == records) {
    put(Shape::list);
    set_.records.clear();
    level_ = Level::records;
  } else if (level_ == Level::set && key_ == comments) {
    put(Shape::list);
    set_.comments.clear();
    level_ = Level::comments;
  } else {
    skip();
  }
  return true;
}

bool Reader::EndArray(rapidjson::SizeType /*items*/) {
  if (skipped_ > 0) {
    --skipped_;
  } else {
    level_ = level_ == Level::sets ? Level::zone : Level::set;
  }
  return true;
}

void Reader::take_record() {
  if (!has(disabled, Shape::boolean) || !has(content, Shape::text)) return;
  if (item_[modified_at].shape != Shape::absent) {
    if (!has(modified_at, Shape::number)) return;
    set_.modified_at = std::max(set_.modified_at, item_[modified_at].number);
  }
  set_.records.push_back({std::move(item_[content].text), item_[disabled].number != 0});
}

void Reader::take_comment() {
  if (!has(content, Shape::text) || !has(account, Shape::text) ||
      !has(modified_at, Shape::number)) {
    return;
  }
  set_.comments.push_back(
      {std::move(item_[content].text), std::move(item_[account].text), item_[modified_at].number});
}

Status Reader::check_set() {
  constexpr std::array<std::pair<Word, Shape>, 5> wanted = {{{name, Shape::text},
                                                             {type, Shape::text},
                                                             {ttl, Shape::number},
                                                             {records, Shape::list},
                                                             {comments, Shape::list}}};
  for (const auto& [key, shape] : wanted) {
    if (set_members_[key].shape == shape) continue;
    return unexpected_shape(fmt::format("/rrsets/{}/{}", index_, key_names.at(key)), shown(shape));
  }
  return item_error_;
}

// Names without a type are the empty inner nodes of the tree.
void Reader::take_set() {
  if (set_members_[type].shape != Shape::absent && error_) {
    error_ = check_set();
    set_.name = bare_name(set_members_[name].text);
    set_.type = set_members_[type].text;
    set_.ttl = set_members_[ttl].number;
    answer_.sets.push_back(std::move(set_));
  }
  ++index_;
}

Result<ZoneAnswer> Reader::finish() {
  if (!is_object_) return unexpected_shape("", "object");
  if (zone_[rrsets].shape != Shape::list || !only_sets_) {
    return unexpected_shape("/rrsets", "list of sets");
  }
  TRY(error_);
  if (zone_[kind].shape != Shape::text) return unexpected_shape("/kind", "text");
  if (zone_[serial].shape != Shape::number) return unexpected_shape("/serial", "number");
  answer_.kind = std::move(zone_[kind].text);
  answer_.serial = zone_[serial].number;
  if (zone_[soa_edit_api].shape != Shape::absent) {
    if (zone_[soa_edit_api].shape != Shape::text) return unexpected_shape("/soa_edit_api", "text");
    answer_.soa_edit_api = std::move(zone_[soa_edit_api].text);
  }
  return std::move(answer_);
}

}  // namespace

Result<std::optional<ZoneAnswer>> parse_zone(const std::string& body) {
  constexpr std::size_t block_bytes = 16;
  std::string roomy;
  const bool room = body.capacity() - body.size() >= block_bytes;
  if (!room) {
    roomy.reserve(body.size() + block_bytes);
    roomy = body;
  }
  Reader reader;
  rapidjson::Reader parser;
  rapidjson::StringStream text((room ? body : roomy).c_str());
  // Iterative: what is nested deeply must not use up the stack.
  const bool read = parser.Parse<rapidjson::kParseIterativeFlag>(text, reader);
  // A NUL would pass for the end.
  if (!read || text.Tell() != body.size()) return std::optional<ZoneAnswer>();
  TRY_ASSIGN(ZoneAnswer answer, reader.finish());
  return std::optional<ZoneAnswer>(std::move(answer));
}

}  // namespace homeostat::powerdns
