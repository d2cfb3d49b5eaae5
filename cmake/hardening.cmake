# What every build checks at run time, where a sanitizer does not check more (decision 40).
if(NOT PAYSWITCH_SANITIZE)
  target_compile_options(payswitch_flags INTERFACE
    -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fPIE -D_GLIBCXX_ASSERTIONS
    $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=3>)
  target_link_options(payswitch_flags INTERFACE -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()
