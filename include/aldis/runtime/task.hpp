// SPDX-License-Identifier: Apache-2.0
// Task<R(Args...)>: a callable that is moved, never copied, so that a batch can travel to another thread
// inside it. (std::move_only_function is C++23.) One allocation each: for batches, signals and answers, not
// for messages.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace aldis::runtime {

template <class Signature>
class Task;

template <class R, class... Args>
class Task<R(Args...)> {
 public:
  Task() = default;

  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Task> && std::is_invocable_r_v<R, F&, Args...>)
      Task(F&& f)  // NOLINT(google-explicit-constructor,bugprone-forwarding-reference-overload): constrained
      : held_(std::make_unique<Held<std::remove_cvref_t<F>>>(std::forward<F>(f))) {}

  explicit operator bool() const { return held_ != nullptr; }
  R operator()(Args... args) { return held_->call(std::forward<Args>(args)...); }

 private:
  struct Callable {
    virtual ~Callable() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct Held final : Callable {
    explicit Held(F&& f) : function(std::move(f)) {}
    explicit Held(const F& f) : function(f) {}
    R call(Args... args) override { return function(std::forward<Args>(args)...); }
    F function;
  };

  std::unique_ptr<Callable> held_;
};

}  // namespace aldis::runtime
