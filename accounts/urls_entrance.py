"""The entrance and one's own account; the applicants' and reviewers' pages. Units and people: urls_organisation.py."""

from __future__ import annotations

from captcha.views import captcha_image
from django.urls import path, re_path

from accounts import gate
from accounts.views import account, entrance, registration, review

urlpatterns = [
    path("sign-in/", entrance.sign_in, name="sign-in"),
    path("sign-in/code/", entrance.second_factor, name="second-factor"),
    path("sign-out/", entrance.sign_out, name="sign-out"),
    path("language/", entrance.set_language, name="set_language"),
    path("password/", account.password, name="password"),
    path("password/forgotten/", entrance.forgotten, name="password-forgotten"),
    # one's own account
    path("account/", account.account, name="account"),
    path("account/agreement/", account.agreement, name="agreement"),
    path("account/kept/", account.kept, name="kept"),
    path("account/sessions/", account.sessions_list, name="sessions"),
    path("account/sessions/end-others/", account.end_other_sessions, name="sessions-end-others"),
    path("account/sessions/<int:pk>/end/", account.end_session, name="session-end"),
    path("account/second-factor/", account.second_factor_setup, name="second-factor-setup"),
    path("account/second-factor/remove/", account.second_factor_remove, name="second-factor-remove"),
    # applicants
    path("register/", registration.register, name="register"),
    path("register/done/", registration.register_done, name="register-done"),
    path("register/units/", registration.register_units, name="register-units"),
    path("register/state/<str:token>/", registration.register_state, name="register-state"),
    path("register/state/<str:token>/confirm/", registration.register_confirm, name="register-confirm"),
    path("register/state/<str:token>/withdraw/", registration.register_withdraw, name="register-withdraw"),
    # the names that the captcha's widget asks for
    re_path(r"^captcha/image/(?P<key>\w{1,60})/$", gate.public(captcha_image), {"scale": 1}, name="captcha-image"),
    re_path(r"^captcha/image/(?P<key>\w{1,60})@2/$", gate.public(captcha_image), {"scale": 2}, name="captcha-image-2x"),
    # reviewers
    path("registrations/", review.registrations, name="registrations"),
    path("registrations/<int:pk>/", review.registration, name="registration"),
    path("registrations/<int:pk>/approve/", review.registration_approve, name="registration-approve"),
    path("registrations/<int:pk>/refuse/", review.registration_refuse, name="registration-refuse"),
    path("people/<int:pk>/password/", review.password_issue, name="person-password"),
]
