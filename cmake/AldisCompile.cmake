# SPDX-License-Identifier: Apache-2.0
# How everything is compiled. Packagers get the same without -Werror (ALDIS_WERROR is set by the presets only).

option(ALDIS_WERROR "Warnings are errors" OFF)
set(ALDIS_SANITIZE "" CACHE STRING "address,undefined | thread | fuzzer,address,undefined")

find_program(ALDIS_CCACHE ccache)
if(ALDIS_CCACHE)
  # Paths inside the checkout do not count, so that a second checkout, as CI makes one, finds what the first compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      ${ALDIS_CCACHE})
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
