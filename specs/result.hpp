// Errors as values: what can go wrong outside this program, and how it is passed up.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace homeostat {

// The kind decides what happens next; the message is for people.
enum class ErrorKind : std::uint8_t {
  invalid_spec,  // the user's text is wrong; no retry
  auth,          // refused credentials; no retry
  not_found,     // this object is absent (never a failed listing)
  conflict,      // the live system moved; observe and plan again
  transient,     // may pass: connect errors, 429, 5xx on idempotent calls
  cancelled,     // we are stopping; not a failure
  internal,      // our bug, or an answer that nobody has seen before
};

// A place in a user's text. Lines and columns count from 1; line 0 = no place is known.
struct SourceRef {
  std::string file;  // relative to the repo's root, or as given on the command line
  int line = 0;
  int column = 0;
  friend bool operator==(const SourceRef&, const SourceRef&) = default;
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;  // what is wrong: one sentence, no newline, never a secret
  std::string hint;     // what to write or do instead; may be empty
  SourceRef where = {};
  std::string excerpt;  // the line of the user's text, without newline; may be empty
  // Of a transient one: it was tried as often and as long as it should be. Not again in this run.
  bool exhausted = false;
  friend bool operator==(const Error&, const Error&) = default;
};

using Errors = std::vector<Error>;
template <class T>
using Result = tl::expected<T, Error>;
using Status = tl::expected<void, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message,
                                                std::string hint = {}, SourceRef where = {}) {
  return tl::unexpected(
      Error{kind, std::move(message), std::move(hint), std::move(where), std::string(), false});
}

// "file:line:column", the file alone where no line is known, "" where nothing is.
[[nodiscard]] std::string to_string(const SourceRef& where);
// One line: "file:line:column: message (hint)".
[[nodiscard]] std::string to_string(const Error& error);
// For people: place and message, the excerpt with a caret below the column, the hint. Ends with a
// newline. Tabs of the excerpt are kept in front of the caret, so that it points right; columns
// count characters; of a very long line the part around the column is shown.
[[nodiscard]] std::string render(const Error& error);
// By file, line, column, message; equal errors only once.
void sort_errors(Errors& errors);

}  // namespace homeostat

// Early return, like `?` in Rust. One a line; the only macros of the project.
#define HST_CONCAT_(a, b) a##b
#define HST_CONCAT(a, b) HST_CONCAT_(a, b)
#define HST_TRY_ASSIGN_(tmp, lhs, ...)                     \
  auto tmp = (__VA_ARGS__);                                \
  if (!tmp) return tl::unexpected(std::move(tmp).error()); \
  lhs = std::move(*tmp)
#define TRY_ASSIGN(lhs, ...) HST_TRY_ASSIGN_(HST_CONCAT(try_, __LINE__), lhs, __VA_ARGS__)
#define HST_TRY_(tmp, ...)  \
  auto tmp = (__VA_ARGS__); \
  if (!tmp) return tl::unexpected(std::move(tmp).error())
#define TRY(...) HST_TRY_(HST_CONCAT(try_, __LINE__), __VA_ARGS__)
