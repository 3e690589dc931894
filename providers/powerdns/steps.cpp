#include "providers/powerdns/steps.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "providers/core/merge.hpp"

namespace homeostat::powerdns {
namespace {

using Json = nlohmann::json;

// Where nobody says how long: the value that PowerDNS itself gives to the records of a new zone.
constexpr std::int64_t default_ttl = 3600;

const KindSchema& dns_schema() { return *find_kind("dns"); }

tl::unexpected<Error> moved(const SetName& set, std::string_view what) {
  return fail(ErrorKind::conflict,
              fmt::format("{}/{} {} since it was looked at", absolute(set.name), set.type, what),
              "plan again");
}

std::string text_of(const Attributes& attributes, const char* field) {
  const auto found = attributes.find(field);
  return found != attributes.end() && found->is_string() ? found->get<std::string>()
                                                         : std::string();
}

// As the comments should be. Those of others stay as they are.
std::vector<Comment> wanted_comments(const RecordSet* current, const Marker& marker,
                                     const std::string& description) {
  std::vector<Comment> wanted;
  if (current != nullptr) {
    std::copy_if(current->comments.begin(), current->comments.end(), std::back_inserter(wanted),
                 [](const Comment& comment) { return comment.account != our_account; });
  }
  const std::string account(our_account);
  if (!marker.site.empty()) wanted.push_back({print_marker(marker), account, 0});
  if (!description.empty()) wanted.push_back({description, account, 0});
  return wanted;
}

// Less the time, which is the server's to say.
std::vector<std::pair<std::string, std::string>> comparable(const std::vector<Comment>& comments) {
  std::vector<std::pair<std::string, std::string>> out;
  out.reserve(comments.size());
  for (const Comment& comment : comments) out.emplace_back(comment.account, comment.content);
  std::sort(out.begin(), out.end());
  return out;
}

Json to_json(const std::vector<Comment>& comments) {
  Json list = Json::array();
  for (const Comment& comment : comments) {
    Json item = {{"content", comment.content}, {"account", comment.account}};
    if (comment.modified_at != 0) item["modified_at"] = comment.modified_at;
    list.push_back(std::move(item));
  }
  return list;
}

Status put_records(Json& change, const SetName& set, const Attributes& wanted) {
  const auto values = wanted.find("values");
  if (values == wanted.end() || !values->is_array() || values->empty()) {
    return fail(ErrorKind::invalid_spec,
                fmt::format("{}/{} has no values", absolute(set.name), set.type));
  }
  Json records = Json::array();
  for (const Json& value : *values) {
    const auto& text = value.get_ref<const std::string&>();
    records.push_back({{"content", to_content(set.type, text)}, {"disabled", false}});
  }
  const std::string ttl = text_of(wanted, "ttl");
  std::int64_t seconds = default_ttl;
  if (!ttl.empty()) {
    TRY_ASSIGN(seconds, parse_duration(ttl));
  }
  change["ttl"] = seconds;
  change["records"] = std::move(records);
  return {};
}

// Sets what differs between `current` and `wanted`.
class Writer {
 public:
  Writer(const Step& step, SetName set, const RecordSet* current, const ZonePlace& place,
         bool comments)
      : step_(step), set_(std::move(set)), current_(current), place_(place), comments_(comments) {
    if (exists()) attributes_ = attributes_of(*current_, place_.name);
    marker_ = step_.marker;
    if (!marker_.site.empty()) marker_.id = set_.name + '/' + set_.type;
  }

  Result<Entry> write() {
    if (exists()) {
      const auto owner = marker_of(*current_);
      const bool foreign = owner && !step_.marker.site.empty() && owner->site != step_.marker.site;
      if (foreign) return moved(set_, "came to be of site " + owner->site);
    }
    switch (step_.kind) {
      case StepKind::create:
        return create();
      case StepKind::remove:
        return remove();
      case StepKind::mark:
        return mark();
      case StepKind::update:
      case StepKind::restart:
      case StepKind::replace:
        return update();
      case StepKind::stop:
        break;
    }
    return fail(ErrorKind::internal, "a record set cannot be stopped");
  }

 private:
  [[nodiscard]] bool switched_off() const {
    return exists() && std::any_of(current_->records.begin(), current_->records.end(),
                                   [](const Content& record) { return record.disabled; });
  }
  [[nodiscard]] bool exists() const { return current_ != nullptr && current_->exists(); }

  // As far as this server can keep one.
  [[nodiscard]] bool marked_as_wanted() const {
    if (!comments_) return true;
    const auto there = marker_of(*current_);
    return marker_.site.empty() ? !there.has_value() : there == marker_;
  }

  Result<Entry> create() {
    if (!exists()) return put(step_.after);
    const bool same = merge_after(dns_schema(), nullptr, attributes_, step_.after) == attributes_;
    // Our own, from an attempt whose answer was lost.
    if (same && marked_as_wanted()) return done(attributes_);
    return moved(set_, "was made by somebody else");
  }

  Result<Entry> update() {
    if (!exists()) return moved(set_, "was removed");
    const FieldPath field =
        moved_field(dns_schema(), nullptr, attributes_, step_.before, step_.after);
    if (!field.empty()) return moved(set_, fmt::format("got another `{}`", field));
    return put(step_.kind == StepKind::replace
                   ? step_.after
                   : merge_after(dns_schema(), nullptr, attributes_, step_.after));
  }

  Result<Entry> mark() {
    if (exists()) return put(attributes_);
    if (marker_.site.empty()) return done(Attributes::object());
    return moved(set_, "was removed");
  }

  Result<Entry> remove() {
    if (!exists()) return done(Attributes::object());
    if (step_.before.is_object() && attributes_ != step_.before) return moved(set_, "was changed");
    if (switched_off()) return moved(set_, "got a record that is switched off");
    Entry entry = done(Attributes::object());
    entry.change = {{"name", absolute(set_.name)}, {"type", set_.type}, {"changetype", "DELETE"}};
    return entry;
  }

  Entry done(Attributes attributes) const {
    Entry entry;
    entry.result = {set_.name + '/' + set_.type, std::move(attributes)};
    return entry;
  }

  // A part that is as it should be is left out: what is not sent stays as it is.
  Result<Entry> put(const Attributes& wanted) {
    Entry entry = done(wanted);
    Json change = {{"name", absolute(set_.name)}, {"type", set_.type}, {"changetype", "REPLACE"}};
    const bool same_records = exists() && wanted.value("values", Json()) == attributes_["values"] &&
                              wanted.value("ttl", attributes_["ttl"]) == attributes_["ttl"];
    if (!same_records) {
      if (switched_off()) return moved(set_, "got a record that is switched off");
      TRY(put_records(change, set_, wanted));
    }
    const std::string description = text_of(wanted, "description");
    if (comments_) {
      const std::vector<Comment> comments = wanted_comments(current_, marker_, description);
      const auto there = current_ == nullptr ? std::vector<Comment>() : current_->comments;
      if (comparable(comments) != comparable(there)) change["comments"] = to_json(comments);
    } else if (!description.empty()) {
      return fail(ErrorKind::invalid_spec,
                  fmt::format("{}/{}: `description` cannot be kept: the server's backend has no "
                              "comments",
                              absolute(set_.name), set_.type),
                  "take the description out");
    }
    if (change.contains("records") || change.contains("comments")) entry.change = std::move(change);
    return entry;
  }

  const Step& step_;
  const SetName set_;
  const RecordSet* const current_;
  const ZonePlace& place_;
  const bool comments_;
  Attributes attributes_;
  Marker marker_;
};

}  // namespace

Result<SetName> set_of(const Step& step, const ZonePlace& place) {
  if (!step.native_id.empty()) {
    const std::size_t slash = step.native_id.rfind('/');
    if (slash != std::string::npos) {
      return SetName{step.native_id.substr(0, slash), step.native_id.substr(slash + 1)};
    }
  } else if (step.address.kind == "dns") {
    const std::vector<std::string> parts = name_components(step.address.name);
    if (parts.size() == 3) {
      return SetName{parts[1] == "@" ? place.name : parts[1] + '.' + place.name, parts[2]};
    }
  }
  return fail(ErrorKind::internal,
              fmt::format("{} ({}) is no record set", to_string(step.address), step.native_id));
}

Result<Entry> make_entry(const Step& step, const RecordSet* current, const ZonePlace& place,
                         bool comments) {
  TRY_ASSIGN(SetName set, set_of(step, place));
  return Writer(step, std::move(set), current, place, comments).write();
}

}  // namespace homeostat::powerdns
