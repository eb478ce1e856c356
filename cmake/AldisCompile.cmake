# SPDX-License-Identifier: Apache-2.0
# How everything is compiled. Packagers get the same without -Werror (ALDIS_WERROR is set by the presets only).

option(ALDIS_WERROR "Warnings are errors" OFF)
set(ALDIS_SANITIZE "" CACHE STRING "address,undefined | thread | fuzzer,address,undefined")

find_program(ALDIS_CCACHE ccache)
if(ALDIS_CCACHE)
  # Paths inside the checkout do not count, so that a second checkout, as CI makes one, finds what the first compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${ALDIS_CCACHE})
endif()

# The fastest linker present. LTO builds keep the default one: g++ 12's plugin and mold 1.10 disagree.
find_program(ALDIS_MOLD mold)
find_program(ALDIS_LLD ld.lld)
if(NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)
  if(ALDIS_MOLD)
    add_link_options(-fuse-ld=mold)
  elseif(ALDIS_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wswitch
                    -Wnon-virtual-dtor -fstack-protector-strong)
if(ALDIS_WERROR)
  add_compile_options(-Werror)
endif()
add_compile_definitions(_GLIBCXX_ASSERTIONS BOOST_INTRUSIVE_SAFE_HOOK_DEFAULT_ASSERT=static_cast<void>)

if(ALDIS_SANITIZE)
  add_compile_options(-fsanitize=${ALDIS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ALDIS_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-Wno-maybe-uninitialized)  # g++ 12 sees false ones in instrumented std::regex
  endif()
  if(ALDIS_SANITIZE MATCHES thread)
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)  # g++ refuses atomic_thread_fence under tsan
  endif()
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

option(ALDIS_MUTANTS "Planted bugs that ALDIS_MUTANT=n in the environment switches on (tools/mutants)" OFF)
if(ALDIS_MUTANTS)
  if(CMAKE_BUILD_TYPE MATCHES "Rel")
    message(FATAL_ERROR "ALDIS_MUTANTS is for test builds: what users run carries no planted bugs")
  endif()
  add_compile_definitions(ALDIS_MUTANTS=1)
endif()

# What nearly every file reads anyway, compiled once a tree: engine/sending.cpp takes 7.3 s of CPU in place of 9.0 in the
# asan tree, unit_engine's life_test.cpp 6.1 in place of 8.2. Nobody may rely on it: the fuzz and tsan trees build without.
option(ALDIS_PCH "Precompiled headers" OFF)
if(ALDIS_PCH)
  set(CMAKE_PCH_WARN_INVALID OFF)  # a library's own definitions make it unfit here and there: then it is not used
  file(WRITE ${CMAKE_BINARY_DIR}/pch/empty.cpp "")
  add_library(aldis_pch OBJECT ${CMAKE_BINARY_DIR}/pch/empty.cpp)
  set(everybodys <algorithm> <array> <chrono> <cstdint> <deque> <functional> <memory> <optional> <queue> <span> <string>
      <string_view> <utility> <variant> <vector> <boost/container/small_vector.hpp> <boost/intrusive/list.hpp>
      <boost/unordered/unordered_flat_map.hpp>)
  add_library(aldis_pch_tests OBJECT ${CMAKE_BINARY_DIR}/pch/empty.cpp)
  target_precompile_headers(aldis_pch PRIVATE ${everybodys})
  target_precompile_headers(aldis_pch_tests PRIVATE ${everybodys} <catch2/catch.hpp>)
  foreach(target IN ITEMS aldis_pch aldis_pch_tests)
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # ccache asks for it
  endforeach()
  if(ALDIS_SANITIZE)
    target_compile_options(aldis_pch_tests PRIVATE -O0)  # as aldis_test()
  endif()
endif()

# aldis_use_pch(TARGET [tests])
function(aldis_use_pch target)
  if(ALDIS_PCH)
    target_precompile_headers(${target} REUSE_FROM aldis_pch${ARGN})
    target_compile_options(${target} PRIVATE -fpch-preprocess)
  endif()
endfunction()
