"""Addresses of accounts: signing in, second factors, invitations, people.

Those of django-allauth are listed one by one under the names it asks for, since what is not named here
(signing up, adding addresses) must not exist.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as social
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path, re_path

from monitor.dashboard import auth, inviting, own_address, people, provider, sessions, settings_page

# Who stands before the second factor is not signed in yet, and may turn back.
_sign_out = login_not_required(LogoutView.as_view())
_cancelled, _failed = login_not_required(social.login_cancelled), login_not_required(social.login_error)

urlpatterns = [
    path("login/", auth.SignIn.as_view(), name="login"),
    path("login/", auth.SignIn.as_view(), name="account_login"),
    path("login/once/", auth.SignInOnce.as_view(), name="login-once"),
    path("login/code/", mfa.authenticate, name="mfa_authenticate"),
    path("login/passkey/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("login/forgotten/", account.password_reset, name="account_reset_password"),
    path("login/forgotten/sent/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^login/forgotten/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "login/forgotten/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("login/inactive/", account.account_inactive, name="account_inactive"),
    path("login/cancelled/", _cancelled, name="socialaccount_login_cancelled"),
    path("login/failed/", _failed, name="socialaccount_login_error"),
    path("login/with/<slug:provider_id>/", provider.go, name="openid_connect_login"),
    path("login/with/<slug:provider_id>/callback/", provider.back, name="openid_connect_callback"),
    path("logout/", _sign_out, name="logout"),
    path("logout/", _sign_out, name="account_logout"),
    path("invited/", inviting.invited, name="invited"),
    path("settings/", settings_page.settings_page, name="settings"),
    path("settings/address/", own_address.confirm, name="settings-address"),
    path("settings/password/", auth.ChangePassword.as_view(), name="password-change"),
    path("account/", mfa.index, name="mfa_index"),
    path("account/sessions/", sessions.sessions, name="sessions"),
    path("account/providers/", provider.connections, name="socialaccount_connections"),
    path("account/again/", account.reauthenticate, name="account_reauthenticate"),
    path("account/again/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("account/again/passkey/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("account/app/add/", totp.activate_totp, name="mfa_activate_totp"),
    path("account/app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/passkeys/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("account/passkeys/add/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("account/passkeys/<int:pk>/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    path("account/passkeys/<int:pk>/remove/", webauthn.remove_webauthn, name="mfa_remove_webauthn"),
    path("account/codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/codes/new/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/codes/file/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("people/", people.people, name="people"),
    path("people/invite/", inviting.invite, name="people-invite"),
    path("people/invitations/<int:pk>/", inviting.answer_invitation, name="invitation"),
    path("people/<int:pk>/", people.person_page, name="person"),
    path("people/<int:pk>/sign-out/", people.sign_out_everywhere, name="person-sign-out"),
]
