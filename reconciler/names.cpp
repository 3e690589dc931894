#include "reconciler/names.hpp"

namespace homeostat {

std::string_view name_of(Action action) {
  switch (action) {
    case Action::create:
      return "create";
    case Action::adopt:
      return "adopt";
    case Action::rename:
      return "rename";
    case Action::update:
      return "update";
    case Action::restart:
      return "restart";
    case Action::replace:
      return "replace";
    case Action::remove:
      return "delete";
    case Action::release:
      return "release";
  }
  return "";
}

std::string_view name_of(Cause cause) {
  switch (cause) {
    case Cause::none:
      return "none";
    case Cause::git:
      return "git";
    case Cause::undo:
      return "undo";
    case Cause::drift:
      return "drift";
    case Cause::both:
      return "both";
    case Cause::first_contact:
      return "first contact";
  }
  return "";
}

std::string_view name_of(HoldCode code) {
  switch (code) {
    case HoldCode::adopt_differs:
      return "adopt_differs";
    case HoldCode::adopt_never:
      return "adopt_never";
    case HoldCode::foreign:
      return "foreign";
    case HoldCode::in_the_way:
      return "in_the_way";
    case HoldCode::never_field:
      return "never_field";
    case HoldCode::unsupported:
      return "unsupported";
    case HoldCode::self:
      return "self";
    case HoldCode::cycle:
      return "cycle";
    case HoldCode::no_ledger:
      return "no_ledger";
    case HoldCode::value_unknown:
      return "value_unknown";
    case HoldCode::protected_one:
      return "protected";
    case HoldCode::needs_consent:
      return "needs_consent";
    case HoldCode::too_many_deletes:
      return "too_many_deletes";
    case HoldCode::would_empty:
      return "would_empty";
    case HoldCode::stuck:
      return "stuck";
    case HoldCode::reads_empty:
      return "reads_empty";
    case HoldCode::depends:
      return "depends";
    case HoldCode::report_mode:
      return "report_mode";
    case HoldCode::suspended:
      return "suspended";
    case HoldCode::healing:
      return "healing";
    case HoldCode::window:
      return "window";
    case HoldCode::approval:
      return "approval";
  }
  return "";
}

std::string_view name_of(OutcomeKind outcome) {
  switch (outcome) {
    case OutcomeKind::done:
      return "done";
    case OutcomeKind::failed:
      return "failed";
    case OutcomeKind::skipped:
      return "skipped";
    case OutcomeKind::cancelled:
      return "cancelled";
  }
  return "";
}

std::string_view name_of(ChangeEffect effect) {
  switch (effect) {
    case ChangeEffect::in_place:
      return "in_place";
    case ChangeEffect::restart:
      return "restart";
    case ChangeEffect::replace:
      return "replace";
    case ChangeEffect::never:
      return "never";
  }
  return "";
}

std::string_view name_of(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::copy:
      return "copy";
    case Finding::Kind::orphan:
      return "orphan";
    case Finding::Kind::unmanaged:
      return "unmanaged";
  }
  return "";
}

std::string_view name_of(Mode mode) { return mode == Mode::report ? "report" : "enforce"; }

std::string_view name_of(OnRemove on_remove) {
  switch (on_remove) {
    case OnRemove::keep:
      return "keep";
    case OnRemove::stop:
      return "stop";
    case OnRemove::destroy:
      return "delete";
  }
  return "";
}

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_spec:
      return "invalid_spec";
    case ErrorKind::auth:
      return "auth";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::transient:
      return "transient";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::internal:
      return "internal";
  }
  return "";
}

}  // namespace homeostat
