// SPDX-License-Identifier: Apache-2.0
// Jobs over the native API: exports of messages into files, and the files' octets.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <utility>

#include "ingress/form.hpp"
#include "ingress/json.hpp"
#include "ingress/list_query.hpp"
#include "ingress/native_state.hpp"
#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

namespace json = boost::json;
using api::Code;
using api::Problem;
using ports::HttpRequest;

namespace {

constexpr std::size_t kPieceOctets = 256 * 1024;
constexpr std::string_view kCsvType = "text/csv; charset=utf-8; header=present";
constexpr std::string_view kLinesType = "application/x-ndjson";

Problem no_job() { return {Code::kNotFound, "no such job"}; }

std::string_view name_of(ExportJob::State state) {
  switch (state) {
    case ExportJob::State::kQueued: return "queued";
    case ExportJob::State::kRunning: return "running";
    case ExportJob::State::kDone: return "done";
    case ExportJob::State::kFailed: return "failed";
  }
  __builtin_unreachable();
}

// How far it is nobody knows before its end: history does not count first.
json::object job_json(const ExportJob& job) {
  json::object out{{"id", "job_" + job.id},
                   {"kind", "export_messages"},
                   {"format", job.format == ExportFormat::kCsv ? "csv" : "jsonl"},
                   {"state", name_of(job.state)},
                   {"progress", nullptr},
                   {"rows", job.rows},
                   {"result", nullptr},
                   {"error", nullptr},
                   {"created_at", format_rfc3339(job.created_at)}};
  if (job.state == ExportJob::State::kDone) {
    out["progress"] = 1;
    out["result"] = json::object{{"url", "/v1/jobs/job_" + job.id + "/result"}, {"octets", job.octets}};
    out["expires_at"] =
        format_rfc3339(job.ended_at + std::chrono::duration_cast<microseconds>(ExportJobs::kKept));
  }
  if (job.state == ExportJob::State::kFailed) { out["error"] = job.error; }
  return out;
}

std::string_view job_id(std::string_view text) {
  if (text.starts_with("job_")) { text.remove_prefix(4); }
  return text;
}

// The filter's members as a list's query has them, so that both mean the same.
std::optional<Fields> fields_of_filter(const json::object& filter) {
  Fields fields;
  for (const auto& [name, value] : filter) {
    const bool paging = name == "limit" || name == "after" || name == "order" || name == "account";
    if (paging) { return std::nullopt; }
    if (value.is_string()) {
      fields.emplace_back(name, value.get_string());
    } else if (const auto* several = value.if_array()) {
      for (const auto& one : *several) {
        if (!one.is_string()) { return std::nullopt; }
        fields.emplace_back(name, one.get_string());
      }
    } else {
      return std::nullopt;
    }
  }
  return fields;
}

std::optional<Problem> read_columns(const json::value& columns, ExportWish& wish) {
  const auto known = export_columns();
  if (!columns.is_array()) {
    return fault_at("/columns", Code::kInvalidField, "an array of names is wanted");
  }
  for (const auto& one : columns.get_array()) {
    const bool good =
        one.is_string() && std::find(known.begin(), known.end(), one.get_string()) != known.end();
    if (!good || wish.columns.size() >= known.size()) {
      std::string names;
      for (const auto name : known) { names.append(names.empty() ? "" : " ").append(name); }
      return fault_at("/columns", Code::kInvalidField, "each once, known are: " + names);
    }
    wish.columns.emplace_back(one.get_string());
  }
  return std::nullopt;
}

}  // namespace

Result<ExportWish, Problem> NativeApi::Impl::read_export(const Now& now, const json::value& body) const {
  const auto* object = body.if_object();
  if (object == nullptr) { return Problem{Code::kInvalidField, "an object is wanted"}; }
  ExportWish wish;
  Fields filter;
  bool named = false;
  for (const auto& [name, value] : *object) {
    const std::string at = pointer_to("", name);
    if (name == "kind") {
      named = true;
      if (value == "export_inbound" || value == "export_usage") {
        return fault_at(at, Code::kNotImplemented, "only export_messages is made yet");
      }
      if (value != "export_messages") {
        return fault_at(at, Code::kInvalidField, "export_messages is wanted");
      }
    } else if (name == "format") {
      if (value != "csv" && value != "jsonl") {
        return fault_at(at, Code::kInvalidField, "csv or jsonl is wanted");
      }
      wish.format = value == "csv" ? ExportFormat::kCsv : ExportFormat::kJsonLines;
    } else if (name == "filter") {
      auto fields = value.is_object() ? fields_of_filter(value.get_object()) : std::nullopt;
      if (!fields) { return fault_at(at, Code::kInvalidField, "the filters of a list are wanted, as texts"); }
      filter = std::move(*fields);
    } else if (name == "columns") {
      if (auto refused = read_columns(value, wish)) { return std::move(*refused); }
    } else {
      return fault_at(at, Code::kUnknownField, "kind, format, filter and columns are known");
    }
  }
  if (!named) { return fault_at("/kind", Code::kMissingField, "export_messages is wanted"); }
  auto query = read_list_query(now, form_of(filter), setup.directory, setup.public_ids);
  if (query.has_error()) { return query.error(); }
  wish.filter = std::move(query->filter);
  return wish;
}

void NativeApi::Impl::start_job(const Now& now, const Caller& caller, const HttpRequest& request,
                                const Asked& asked) {
  const auto account = account_of(caller, request);
  if (!account) { return refuse(asked, which_account()); }
  auto body = read_json(request.body);
  if (body.has_error()) { return refuse(asked, body.error()); }
  auto wish = read_export(now, *body);
  if (wish.has_error()) { return refuse(asked, wish.error()); }
  const Sight sight = sight_of(caller);
  if (!sight.operators && (wish->filter.op || !wish->filter.operator_id.empty())) {
    return refuse(asked, Problem{Code::kScopeMissing, "operators are shown to admin:read only"});
  }
  wish->account = *account;
  wish->filter.account = *account;
  wish->content = sight.content;
  const auto job = setup.jobs.start(now, std::move(*wish));
  if (job.has_error()) { return refuse(asked, job.error()); }
  auto response = json_response(202, job_json(*job));
  response.headers.emplace_back("Location", "/v1/jobs/job_" + job->id);
  asked.reply.send(std::move(response));
}

void NativeApi::Impl::read_job(const Caller& caller, const HttpRequest& request, std::string_view id,
                               const Asked& asked) const {
  const auto account = account_of(caller, request);
  if (!account) { return refuse(asked, which_account()); }
  const auto job = setup.jobs.find(*account, job_id(id));
  if (!job) { return refuse(asked, no_job()); }
  asked.reply.send(json_response(200, job_json(*job)));
}

void NativeApi::Impl::remove_job(const Caller& caller, const HttpRequest& request, std::string_view id,
                                 const Asked& asked) const {
  const auto account = account_of(caller, request);
  if (!account) { return refuse(asked, which_account()); }
  if (!setup.jobs.remove(*account, job_id(id))) { return refuse(asked, no_job()); }
  asked.reply.send({.status = 204});
}

// --- results ---------------------------------------------------------------------------------------------

namespace {

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // behind the last one
};

// One range of octets (RFC 9110 section 14). None: not such a header, and all of it is the answer.
std::optional<Range> range_of(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) { return std::nullopt; }
  header.remove_prefix(kUnit.size());
  const auto dash = header.find('-');
  if (dash == header.npos || header.find(',') != header.npos) { return std::nullopt; }
  const auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? std::optional{value}
                                                                           : std::nullopt;
  };
  const auto first = number(header.substr(0, dash));
  const auto last = number(header.substr(dash + 1));
  if (!first && !last) { return std::nullopt; }
  if (!first) { return Range{size - std::min(size, *last), size}; }
  if (!last && dash + 1 != header.size()) { return std::nullopt; }
  return Range{*first, last ? std::min(size, *last == UINT64_MAX ? size : *last + 1) : size};
}

// A piece at a time, and the next one when the client has read most of it. What fails on the way leaves the
// answer without its end, so that nobody takes it for whole.
class ResultStream final : public ports::HttpStream, public std::enable_shared_from_this<ResultStream> {
 public:
  ResultStream(ExportJobs& jobs, const ExportJob& job, Range range, ports::HttpReply reply)
      : jobs_(jobs),
        account_(job.account),
        id_(job.id),
        at_(range.begin),
        end_(range.end),
        reply_(std::move(reply)) {}

  void fetch() {
    jobs_.read(account_, id_, at_, std::min<std::uint64_t>(kPieceOctets, end_ - at_),
               [self = shared_from_this()](const Now&, const std::optional<std::string>& piece) {
                 self->got(piece);
               });
  }
  void on_room(const Now&) override {
    if (std::exchange(waits_, false)) { fetch(); }
  }

 private:
  void got(const std::optional<std::string>& piece) {
    if (!piece || piece->empty() || !reply_.wanted()) { return; }
    at_ += piece->size();
    const bool room = reply_.write(*piece);
    if (at_ >= end_) { return reply_.end(); }
    waits_ = !room;
    if (room) { fetch(); }
  }

  ExportJobs& jobs_;
  const AccountId account_;
  const std::string id_;
  std::uint64_t at_;
  const std::uint64_t end_;
  const ports::HttpReply reply_;
  bool waits_ = false;
};

}  // namespace

std::shared_ptr<ports::HttpStream> NativeApi::Impl::read_result(const Caller& caller,
                                                                const HttpRequest& request,
                                                                std::string_view id,
                                                                const Asked& asked) const {
  const auto account = account_of(caller, request);
  const auto job = account ? setup.jobs.find(*account, job_id(id)) : std::nullopt;
  if (!job || job->state != ExportJob::State::kDone) {
    refuse(asked, !account ? which_account()
                  : !job   ? no_job()
                           : Problem{Code::kNotFound, "the job has no result yet"});
    return nullptr;
  }
  ports::HttpResponse head;
  head.content_type = job->format == ExportFormat::kCsv ? kCsvType : kLinesType;
  head.headers.emplace_back("Accept-Ranges", "bytes");
  Range range{0, job->octets};
  const std::string size = std::to_string(job->octets);
  if (const auto wanted = range_of(request.header("range"), job->octets)) {
    range = *wanted;
    if (range.begin >= range.end) {
      head.status = 416;
      head.headers.emplace_back("Content-Range", "bytes */" + size);
      asked.reply.send(std::move(head));
      return nullptr;
    }
    head.status = 206;
    head.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.begin) + "-" +
                                                   std::to_string(range.end - 1) + "/" + size);
  }
  asked.reply.begin(std::move(head));
  auto stream = std::make_shared<ResultStream>(setup.jobs, *job, range, asked.reply);
  if (request.method == "HEAD" || range.begin >= range.end) {
    asked.reply.end();
  } else {
    stream->fetch();
  }
  return stream;
}

}  // namespace aldis::ingress
