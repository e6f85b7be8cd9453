// Generated from docs/openapi by `make client`. Do not edit.

export interface paths {
    "/v1/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Jobs
         * @description The account's jobs, newest first.
         */
        get: operations["list_jobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/background-removal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Background removal
         * @description The main thing of a picture with a transparent background. Costs 2 credits.
         */
        post: operations["submit_background_removal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/background-removal/estimate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Background removal: price and wait
         * @description What this job would cost and when it would be done, with a quote that binds us for ten minutes.
         */
        post: operations["estimate_background_removal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/coloring-book": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Colouring book
         * @description Twelve pages to colour, the same twelve coloured, and a PDF to print with a cover. Costs 60 credits.
         */
        post: operations["submit_coloring_book"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/coloring-book/estimate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Colouring book: price and wait
         * @description What this job would cost and when it would be done, with a quote that binds us for ten minutes.
         */
        post: operations["estimate_coloring_book"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/extract-colors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Colours of a picture
         * @description Palette, shares, names, roles and contrasts. A repeat is free. Costs 1 credits.
         */
        post: operations["submit_extract_colors"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/extract-colors/estimate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Colours of a picture: price and wait
         * @description What this job would cost and when it would be done, with a quote that binds us for ten minutes.
         */
        post: operations["estimate_extract_colors"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/invoice": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Invoice
         * @description An accepted quote's invoice: a numbered PDF without gaps in the numbering, and a page to pay it on, once. Costs 0 credits.
         */
        post: operations["submit_invoice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/invoice/estimate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Invoice: price and wait
         * @description What this job would cost and when it would be done, with a quote that binds us for ten minutes.
         */
        post: operations["estimate_invoice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/orientation-report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Orientation report
         * @description Three readings of a questionnaire, with schools and jobs, as a PDF; once a year with a subscription. Costs 20 credits.
         */
        post: operations["submit_orientation_report"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/orientation-report/estimate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Orientation report: price and wait
         * @description What this job would cost and when it would be done, with a quote that binds us for ten minutes.
         */
        post: operations["estimate_orientation_report"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/photo-critique": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Photo critique
         * @description Marks for light, composition, colour, focus and story, with three improvements. Costs 1 credits.
         */
        post: operations["submit_photo_critique"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/photo-critique/estimate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Photo critique: price and wait
         * @description What this job would cost and when it would be done, with a quote that binds us for ten minutes.
         */
        post: operations["estimate_photo_critique"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/quote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Quote
         * @description Priced lines with net, tax and gross in a numbered PDF, from the description of a building job. Costs 2 credits.
         */
        post: operations["submit_quote"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/quote/estimate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Quote: price and wait
         * @description What this job would cost and when it would be done, with a quote that binds us for ten minutes.
         */
        post: operations["estimate_quote"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/smart-crop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Smart crop
         * @description A picture cropped to a ratio so that what matters stays in it. Costs 1 credits.
         */
        post: operations["submit_smart_crop"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/smart-crop/estimate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Smart crop: price and wait
         * @description What this job would cost and when it would be done, with a quote that binds us for ten minutes.
         */
        post: operations["estimate_smart_crop"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/text-to-design": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Design from text
         * @description One image, WebP, from a description. Costs 5 credits.
         */
        post: operations["submit_text_to_design"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/text-to-design/estimate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Design from text: price and wait
         * @description What this job would cost and when it would be done, with a quote that binds us for ten minutes.
         */
        post: operations["estimate_text_to_design"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/upscale": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upscale
         * @description A picture at two or four times its size. Costs 2 or 4 credits.
         */
        post: operations["submit_upscale"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/upscale/estimate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upscale: price and wait
         * @description What this job would cost and when it would be done, with a quote that binds us for ten minutes.
         */
        post: operations["estimate_upscale"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{job_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Job
         * @description One job of the account.
         */
        get: operations["get_job"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{job_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel Job
         * @description Ask for a job to be stopped. What has its outcome already keeps it.
         */
        post: operations["cancel_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{job_id}/receipt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Receipt
         * @description What the job cost and why: what was held, what was bought for it, what was charged and what came back.
         */
        get: operations["get_job_receipt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Keys
         * @description The account's live keys.
         */
        get: operations["list_keys"];
        put?: never;
        /**
         * Create Key
         * @description Make an API key. Its secret is in this answer and nowhere else.
         */
        post: operations["create_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Key
         * @description Revoke a key. It stops working at once.
         */
        delete: operations["delete_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys/{key_id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rotate Key
         * @description Give a key a successor with another secret. The old secret works until the overlap ends.
         */
        post: operations["rotate_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/kinds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Kinds
         * @description What can be asked for, with the JSON Schema of each input and its price in credits.
         */
        get: operations["list_kinds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Me
         * @description Who I am, my account and its plan.
         */
        get: operations["get_me"];
        put?: never;
        post?: never;
        /**
         * Delete Me
         * @description Delete the account for good. Sessions and keys end at once; results are deleted wherever they are.
         *
         *     What tax law asks for is kept without the person. Credits that are left are lost.
         */
        delete: operations["delete_me"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/deletion/{deletion_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Deletion
         * @description How far the deletion is, part by part, for whoever has the receipt.
         */
        get: operations["get_deletion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/email": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Request Email Change
         * @description Ask for another e-mail address. It counts once the link mailed to it was followed, within 24 hours.
         */
        post: operations["request_email_change"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export Me
         * @description All that is kept about me and my account, as one JSON document.
         */
        get: operations["export_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change Password
         * @description Set another password. Every session ends; the answer is a new one. API keys stay.
         */
        put: operations["change_password"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Place Order
         * @description Order a finished product with nothing but an e-mail address: answers with the page to pay it on.
         */
        post: operations["place_order"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Order
         * @description How an order stands, its work, and the result once it is there, for whoever has its token.
         */
        get: operations["get_order"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders/{order_id}/artefacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Order Artefacts
         * @description The files of an order's work with fresh addresses: those in its result expire.
         */
        get: operations["list_order_artefacts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/password-resets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Request Password Reset
         * @description Have a link mailed that sets a new password. The answer is the same whether there is an account.
         */
        post: operations["request_password_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/password-resets/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reset Password
         * @description Set a new password. The link works once, for an hour; every session ends, API keys stay.
         */
        post: operations["reset_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Session
         * @description Sign in. Too many attempts block the e-mail address or the network for a while.
         */
        post: operations["create_session"];
        /**
         * Delete Sessions
         * @description Sign out everywhere. API keys stay; access tokens lapse within a quarter of an hour.
         */
        delete: operations["delete_sessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Session
         * @description Sign out here, with the refresh token in `Authorization`, even after the access token has lapsed.
         *
         *     The access token lapses by itself, at most a quarter of an hour later.
         */
        delete: operations["delete_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refresh Session
         * @description Trade a refresh token for new tokens.
         *
         *     Each refresh token works once. Presenting one again, even at the same moment, ends the session: sign
         *     in anew.
         */
        post: operations["refresh_session"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Status
         * @description What works, what waits, what is switched off, and until when.
         */
        get: operations["get_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create User
         * @description Sign up; the new user is signed in at once.
         */
        post: operations["create_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/email-change": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm Email Change
         * @description Follow the link that was mailed to the new address. Sessions stay.
         */
        post: operations["confirm_email_change"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/verification": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Verify Email
         * @description Show that one reads the mail of the address signed up with. The link works once, for 48 hours.
         */
        post: operations["verify_email"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/verification/request": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Request Verification
         * @description Have the link mailed again. Nothing is mailed when the address is verified already.
         */
        post: operations["request_verification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Account
         * @description Who owns the credits, jobs and keys.
         * @example {
         *       "created_at": "2026-11-21T08:00:00Z",
         *       "id": "acc_01kah9w3teejxv1yqk5w5b1g7q",
         *       "plan": "free"
         *     }
         */
        AccountView: {
            /** Id */
            id: string;
            /**
             * Plan
             * @description Name of the plan whose limits apply.
             */
            plan: string;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
        };
        /**
         * Attempt
         * @description One call of a provider on behalf of the job.
         */
        Attempt: {
            /** Step */
            step: string;
            /** Provider */
            provider: string;
            /** Model */
            model: string;
            /** Outcome */
            outcome: string;
            /** Error Code */
            error_code?: string | null;
            /** Duration Seconds */
            duration_seconds: number;
            /**
             * Cost Microusd
             * @description What it cost the studio, in millionths of a dollar.
             */
            cost_microusd?: number | null;
            /**
             * Branch
             * @description `first`: the provider of choice; `waited`: the same, after it was down; `fallback`: another in its place. See the header `On-Provider-Down`.
             * @default first
             */
            branch?: string;
        };
        /**
         * ChangeEmail
         * @description The address to have, and the password.
         * @example {
         *       "email": "ada@example.org",
         *       "password": "correct horse battery"
         *     }
         */
        ChangeEmail: {
            /**
             * Email
             * Format: email
             * @example ada@example.com
             */
            email: string;
            /**
             * Password
             * Format: password
             */
            password: string;
        };
        /**
         * ChangePassword
         * @description The password one has and the one to have.
         * @example {
         *       "current": "correct horse battery",
         *       "new": "wrong horse battery"
         *     }
         */
        ChangePassword: {
            /**
             * Current
             * Format: password
             */
            current: string;
            /**
             * New
             * Format: password
             * @description Anything but the e-mail address.
             * @example correct horse battery
             */
            new: string;
        };
        /**
         * Charge
         * @description What the job costs: set aside at submission, then charged or returned.
         */
        Charge: {
            /** Price */
            price: number;
            /** Held */
            held: number;
            /** Charged */
            charged: number;
            /** Returned */
            returned: number;
            /** Settled */
            settled: boolean;
        };
        /**
         * ComponentView
         * @description A part of the product.
         */
        ComponentView: {
            /** Name */
            name: string;
            /**
             * State
             * @enum {string}
             */
            state: "ok" | "degraded" | "down" | "unknown";
            /** Detail */
            detail?: string | null;
            /**
             * Since
             * @description From when on it has not been `ok`.
             */
            since?: string | null;
            /**
             * Expected End At
             * @description An estimate: a trouble lasts about as long again as it has lasted.
             */
            expected_end_at?: string | null;
            /**
             * Checked At
             * Format: date-time
             */
            checked_at: string;
        };
        /**
         * ConfirmPasswordReset
         * @description The token of the link, and the new password.
         * @example {
         *       "password": "correct horse battery",
         *       "token": "atl_link_…"
         *     }
         */
        ConfirmPasswordReset: {
            /**
             * Token
             * @description What follows `#token=` in the link.
             * @example atl_link_…
             */
            token: string;
            /**
             * Password
             * Format: password
             * @description Anything but the e-mail address.
             * @example correct horse battery
             */
            password: string;
        };
        /**
         * CreateKey
         * @description What the key is for and what it may do; without scopes it may do all that keys can.
         * @example {
         *       "name": "build server",
         *       "scopes": [
         *         "jobs:read",
         *         "jobs:write"
         *       ]
         *     }
         */
        CreateKey: {
            /** Name */
            name: string;
            /**
             * Scopes
             * @default [
             *       "jobs:read",
             *       "jobs:write",
             *       "credits:read",
             *       "events:read"
             *     ]
             */
            scopes?: ("jobs:read" | "jobs:write" | "credits:read" | "events:read")[];
            /** Expires At */
            expires_at?: string | null;
        };
        /**
         * CreateSession
         * @description A sign-in. What no account could have is answered like what no account has.
         * @example {
         *       "email": "ada@example.com",
         *       "password": "correct horse battery"
         *     }
         */
        CreateSession: {
            /**
             * Email
             * Format: email
             */
            email: string;
            /**
             * Password
             * Format: password
             */
            password: string;
        };
        /**
         * CreateUser
         * @description A sign-up.
         * @example {
         *       "email": "ada@example.com",
         *       "locale": "en",
         *       "password": "correct horse battery"
         *     }
         */
        CreateUser: {
            /**
             * Email
             * Format: email
             * @example ada@example.com
             */
            email: string;
            /**
             * Password
             * Format: password
             * @description Anything but the e-mail address.
             * @example correct horse battery
             */
            password: string;
            /**
             * Locale
             * @default en
             * @enum {string}
             */
            locale?: "en" | "fr";
        };
        /**
         * DeleteMe
         * @description The password, once more.
         * @example {
         *       "password": "correct horse battery"
         *     }
         */
        DeleteMe: {
            /**
             * Password
             * Format: password
             */
            password: string;
        };
        /**
         * DeletionAnswer
         * @description What one part of the studio has done.
         */
        DeletionAnswer: {
            /**
             * Processor
             * @example generation
             */
            processor: string;
            /**
             * Status
             * @enum {string}
             */
            status: "pending" | "done" | "kept";
            /** Detail */
            detail: {
                [key: string]: unknown;
            } | null;
            /** Answered At */
            answered_at: string | null;
        };
        /**
         * Deletion
         * @description How far the deletion of an account is; complete when nobody's answer is pending.
         * @example {
         *       "id": "del_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *       "requested_at": "2026-11-21T12:00:00Z",
         *       "completed_at": null,
         *       "answers": [
         *         {
         *           "processor": "storage",
         *           "status": "pending",
         *           "detail": null,
         *           "answered_at": null
         *         }
         *       ]
         *     }
         */
        DeletionView: {
            /**
             * Id
             * @example del_01kah9w3tefk2rm9r0zc7d5x5e
             */
            id: string;
            /**
             * Requested At
             * Format: date-time
             */
            requested_at: string;
            /** Completed At */
            completed_at: string | null;
            /** Answers */
            answers: components["schemas"]["DeletionAnswer"][];
        };
        /**
         * Estimate
         * @description What a job would cost and when it would be done, were it submitted now. Nothing is held for it.
         * @example {
         *       "kind": "text-to-design",
         *       "price": 5,
         *       "queue": {
         *         "position": 3,
         *         "start": {
         *           "p50_seconds": 2.5,
         *           "p90_seconds": 6
         *         },
         *         "finish": {
         *           "p50_seconds": 9,
         *           "p90_seconds": 18
         *         },
         *         "estimated_start_at": "2026-11-21T12:00:02.500000Z",
         *         "estimated_finish_at": "2026-11-21T12:00:09Z"
         *       },
         *       "quote": {
         *         "token": "atl_quote_AQGZ…",
         *         "price": 5,
         *         "expires_at": "2026-11-21T12:10:00Z"
         *       }
         *     }
         */
        Estimate: {
            /** Kind */
            kind: string;
            /**
             * Price
             * @description In credits, as of now.
             */
            price: number;
            queue: components["schemas"]["Queue"];
            quote: components["schemas"]["QuoteView"];
        };
        /**
         * Expectation
         * @description An interval in seconds from now: half of the jobs are within `p50`, nine of ten within `p90`.
         */
        Expectation: {
            /** P50 Seconds */
            p50_seconds: number;
            /** P90 Seconds */
            p90_seconds: number;
        };
        /**
         * FollowLink
         * @description The token of a link that was mailed.
         * @example {
         *       "token": "atl_link_…"
         *     }
         */
        FollowLink: {
            /**
             * Token
             * @description What follows `#token=` in the link.
             * @example atl_link_…
             */
            token: string;
        };
        /**
         * Job
         * @description A job.
         * @example {
         *       "id": "job_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *       "kind": "text-to-design",
         *       "status": "queued",
         *       "progress": 0,
         *       "message": null,
         *       "queue": {
         *         "position": 3,
         *         "start": {
         *           "p50_seconds": 2.5,
         *           "p90_seconds": 6
         *         },
         *         "finish": {
         *           "p50_seconds": 9,
         *           "p90_seconds": 18
         *         },
         *         "estimated_start_at": "2026-11-21T12:00:02.500000Z",
         *         "estimated_finish_at": "2026-11-21T12:00:09Z"
         *       },
         *       "charge": {
         *         "price": 5,
         *         "held": 5,
         *         "charged": 0,
         *         "returned": 0,
         *         "settled": false
         *       },
         *       "result": null,
         *       "error": null,
         *       "attempts": [],
         *       "created_at": "2026-11-21T12:00:00Z",
         *       "started_at": null,
         *       "finished_at": null,
         *       "files_deleted_at": null
         *     }
         */
        Job: {
            /**
             * Id
             * @example job_01k9zv4m5sfv8b2c3d4e5f6g7h
             */
            id: string;
            /** Kind */
            kind: string;
            status: components["schemas"]["JobStatus"];
            /** Progress */
            progress: number;
            /**
             * Message
             * @description What is being done, for people.
             */
            message?: string | null;
            queue?: components["schemas"]["Queue"] | null;
            charge: components["schemas"]["Charge"];
            /**
             * Result
             * @description Of the shape its kind declares. Of a cancelled job of which parts were delivered: `parts`, each with `name`, `credits` and `result`.
             */
            result?: {
                [key: string]: unknown;
            } | null;
            error?: components["schemas"]["JobError"] | null;
            /**
             * Attempts
             * @default []
             */
            attempts?: components["schemas"]["Attempt"][];
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Started At */
            started_at?: string | null;
            /** Finished At */
            finished_at?: string | null;
            /**
             * Files Deleted At
             * @description When the result's files were deleted, having been kept as long as the plan says.
             */
            files_deleted_at?: string | null;
        };
        /**
         * JobError
         * @description Why the job came to nothing.
         */
        JobError: {
            /** Code */
            code: string;
            /** Detail */
            detail: string;
        };
        /**
         * JobPage
         * @description A page of jobs, newest first.
         * @example {
         *       "items": [
         *         {
         *           "id": "job_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *           "kind": "text-to-design",
         *           "status": "queued",
         *           "progress": 0,
         *           "message": null,
         *           "queue": {
         *             "position": 3,
         *             "start": {
         *               "p50_seconds": 2.5,
         *               "p90_seconds": 6
         *             },
         *             "finish": {
         *               "p50_seconds": 9,
         *               "p90_seconds": 18
         *             },
         *             "estimated_start_at": "2026-11-21T12:00:02.500000Z",
         *             "estimated_finish_at": "2026-11-21T12:00:09Z"
         *           },
         *           "charge": {
         *             "price": 5,
         *             "held": 5,
         *             "charged": 0,
         *             "returned": 0,
         *             "settled": false
         *           },
         *           "result": null,
         *           "error": null,
         *           "attempts": [],
         *           "created_at": "2026-11-21T12:00:00Z",
         *           "started_at": null,
         *           "finished_at": null,
         *           "files_deleted_at": null
         *         }
         *       ],
         *       "next_cursor": "job_01k9zv4m5sfv8b2c3d4e5f6g7h"
         *     }
         */
        JobPage: {
            /** Items */
            items: components["schemas"]["Job"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /**
         * JobStatus
         * @description What the public is told.
         * @enum {string}
         */
        JobStatus: "submitted" | "queued" | "running" | "succeeded" | "failed" | "cancelled" | "rejected";
        /**
         * KeyList
         * @description An account's live keys, the newest first; there are few, so there are no pages.
         * @example {
         *       "items": [
         *         {
         *           "id": "key_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *           "name": "nightly batch",
         *           "hint": "atl_live_a1b2",
         *           "scopes": [
         *             "jobs:read",
         *             "jobs:write"
         *           ],
         *           "created_at": "2026-11-21T12:00:00Z",
         *           "last_used_at": null,
         *           "expires_at": null,
         *           "replaced_by": null
         *         }
         *       ]
         *     }
         */
        KeyList: {
            /** Items */
            items: components["schemas"]["KeyView"][];
        };
        /**
         * Key
         * @description An API key, without its secret.
         */
        KeyView: {
            /**
             * Id
             * @example key_01kah9w3tefk2rm9r0zc7d5x5e
             */
            id: string;
            /** Name */
            name: string;
            /**
             * Hint
             * @description How the secret begins.
             * @example atl_live_3kPq…
             */
            hint: string;
            /** Scopes */
            scopes: string[];
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Last Used At
             * @description About a minute behind.
             */
            last_used_at: string | null;
            /** Expires At */
            expires_at: string | null;
            /**
             * Replaced By
             * @description The key it was rotated to; it works until it expires.
             */
            replaced_by: string | null;
        };
        /**
         * ModeView
         * @description A reduced way of working that is on.
         */
        ModeView: {
            /** Name */
            name: string;
            /** Text */
            text: string;
            /** Since */
            since?: string | null;
            /** Expected End At */
            expected_end_at?: string | null;
        };
        /**
         * Movement
         * @description Credits that moved for the job; `transaction_id` names the line of the statement, where any moved.
         */
        Movement: {
            /** Amount */
            amount: number;
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Transaction Id */
            transaction_id?: string | null;
        };
        /**
         * NewDeletion
         * @description A deletion just asked for; its receipt is shown this once.
         * @example {
         *       "id": "del_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *       "requested_at": "2026-11-21T12:00:00Z",
         *       "completed_at": null,
         *       "answers": [
         *         {
         *           "processor": "storage",
         *           "status": "pending",
         *           "detail": null,
         *           "answered_at": null
         *         }
         *       ],
         *       "receipt": "…"
         *     }
         */
        NewDeletionView: {
            /**
             * Id
             * @example del_01kah9w3tefk2rm9r0zc7d5x5e
             */
            id: string;
            /**
             * Requested At
             * Format: date-time
             */
            requested_at: string;
            /** Completed At */
            completed_at: string | null;
            /** Answers */
            answers: components["schemas"]["DeletionAnswer"][];
            /**
             * Receipt
             * @description For `Authorization: Bearer …` of `GET /v1/me/deletion/{id}`.
             * @example atl_receipt_…
             */
            receipt: string;
        };
        /**
         * NewKey
         * @description A new API key; its secret is shown this once.
         * @example {
         *       "id": "key_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *       "name": "nightly batch",
         *       "hint": "atl_live_a1b2",
         *       "scopes": [
         *         "jobs:read",
         *         "jobs:write"
         *       ],
         *       "created_at": "2026-11-21T12:00:00Z",
         *       "last_used_at": null,
         *       "expires_at": null,
         *       "replaced_by": null,
         *       "secret": "atl_live_…"
         *     }
         */
        NewKeyView: {
            /**
             * Id
             * @example key_01kah9w3tefk2rm9r0zc7d5x5e
             */
            id: string;
            /** Name */
            name: string;
            /**
             * Hint
             * @description How the secret begins.
             * @example atl_live_3kPq…
             */
            hint: string;
            /** Scopes */
            scopes: string[];
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Last Used At
             * @description About a minute behind.
             */
            last_used_at: string | null;
            /** Expires At */
            expires_at: string | null;
            /**
             * Replaced By
             * @description The key it was rotated to; it works until it expires.
             */
            replaced_by: string | null;
            /**
             * Secret
             * @description For `Authorization: Bearer …`. Store it now: it is shown this once.
             */
            secret: string;
        };
        /**
         * NewOrderView
         * @description An order to pay at `checkout_url`. `token` reads it, and is not shown again; mails have it in their links.
         * @example {
         *       "id": "ord_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *       "kind": "coloring-book",
         *       "title": "A colouring book",
         *       "status": "open",
         *       "price_minor": 999,
         *       "currency": "eur",
         *       "checkout_url": "https://checkout.stripe.com/c/pay/…",
         *       "checkout_expires_at": "2026-11-21T13:00:00Z",
         *       "created_at": "2026-11-21T12:00:00Z",
         *       "token": "atl_order_…",
         *       "page_url": "https://atelier.example/orders/ord_01k9zv4m5sfv8b2c3d4e5f6g7h#atl_order_…"
         *     }
         */
        NewOrderView: {
            /**
             * Id
             * @example ord_01k9zv4m5sfv8b2c3d4e5f6g7h
             */
            id: string;
            /** Kind */
            kind: string;
            /** Title */
            title: string;
            /**
             * Status
             * @enum {string}
             */
            status: "open" | "expired" | "paid" | "delivered" | "refunding" | "refunded";
            /** Price Minor */
            price_minor: number;
            /** Currency */
            currency: string;
            /** Checkout Url */
            checkout_url: string | null;
            /** Checkout Expires At */
            checkout_expires_at: string | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Token
             * @description For `Authorization: Bearer …` of `GET /v1/orders/{id}`.
             * @example atl_order_…
             */
            token: string;
            /**
             * Page Url
             * @description The order's page, which shows how it stands and then the result.
             */
            page_url: string;
        };
        /**
         * OfferedKindView
         * @description A kind of work on offer: enough to draw a form and show a price.
         */
        OfferedKindView: {
            /** Name */
            name: string;
            /** Title */
            title: string;
            /** Summary */
            summary: string;
            /** Enabled */
            enabled: boolean;
            price: components["schemas"]["PriceRule"];
            /**
             * Requires
             * @description What an account must have to ask for it: `paid_plan`, or nothing.
             */
            requires: string | null;
            /** Input Schema */
            input_schema: {
                [key: string]: unknown;
            };
            /** Result Schema */
            result_schema: {
                [key: string]: unknown;
            };
            /** Example */
            example: {
                [key: string]: unknown;
            };
        };
        /**
         * OfferedKinds
         * @description All kinds of work.
         * @example {
         *       "items": [
         *         {
         *           "name": "text-to-design",
         *           "title": "Text to design",
         *           "summary": "One image from a description.",
         *           "enabled": true,
         *           "price": {
         *             "base_credits": 5,
         *             "by_field": null,
         *             "credits_by_value": {},
         *             "credits_with_member": {}
         *           },
         *           "requires": null,
         *           "input_schema": {
         *             "type": "object",
         *             "properties": {
         *               "prompt": {
         *                 "type": "string"
         *               }
         *             }
         *           },
         *           "result_schema": {
         *             "type": "object"
         *           },
         *           "example": {
         *             "prompt": "A lighthouse at dusk"
         *           }
         *         }
         *       ]
         *     }
         */
        OfferedKinds: {
            /** Items */
            items: components["schemas"]["OfferedKindView"][];
        };
        /**
         * OrderBody
         * @description What is ordered, and where the result is mailed.
         * @example {
         *       "kind": "coloring-book",
         *       "email": "you@example.com",
         *       "locale": "en",
         *       "input": {
         *         "theme": "the sea",
         *         "title": "By the sea"
         *       }
         *     }
         */
        OrderBody: {
            /**
             * Kind
             * @example text-to-design
             */
            kind: string;
            /**
             * Email
             * Format: email
             * @example ada@example.com
             */
            email: string;
            /**
             * Locale
             * @default en
             * @enum {string}
             */
            locale?: "en" | "fr";
            /**
             * Input
             * @description As for a job of this kind.
             * @example {
             *       "prompt": "A lighthouse at dusk"
             *     }
             */
            input: {
                [key: string]: unknown;
            };
        };
        /**
         * OrderView
         * @description An order; `price_minor` is in the smallest unit of `currency`.
         *
         *     `paid`: the work is under way. `refunding`: it came to nothing, and the money goes back by itself. `refunded`: all
         *     of the price went back; a part of it leaves the status as it is.
         * @example {
         *       "id": "ord_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *       "kind": "coloring-book",
         *       "title": "A colouring book",
         *       "status": "paid",
         *       "price_minor": 999,
         *       "currency": "eur",
         *       "refunded_minor": 0,
         *       "checkout_url": null,
         *       "checkout_expires_at": null,
         *       "created_at": "2026-11-21T12:00:00Z",
         *       "paid_at": "2026-11-21T12:00:09Z",
         *       "ended_at": null,
         *       "work": {
         *         "status": "queued",
         *         "progress": 0,
         *         "message": null,
         *         "queue": {
         *           "position": 3,
         *           "start": {
         *             "p50_seconds": 2.5,
         *             "p90_seconds": 6
         *           },
         *           "finish": {
         *             "p50_seconds": 9,
         *             "p90_seconds": 18
         *           },
         *           "estimated_start_at": "2026-11-21T12:00:02.500000Z",
         *           "estimated_finish_at": "2026-11-21T12:00:09Z"
         *         },
         *         "result": null,
         *         "error": null,
         *         "started_at": null,
         *         "finished_at": null,
         *         "files_deleted_at": null
         *       }
         *     }
         */
        OrderView: {
            /**
             * Id
             * @example ord_01k9zv4m5sfv8b2c3d4e5f6g7h
             */
            id: string;
            /** Kind */
            kind: string;
            /** Title */
            title: string;
            /**
             * Status
             * @enum {string}
             */
            status: "open" | "expired" | "paid" | "delivered" | "refunding" | "refunded";
            /** Price Minor */
            price_minor: number;
            /** Currency */
            currency: string;
            /**
             * Refunded Minor
             * @description What of the price has gone back, or is on its way.
             */
            refunded_minor: number;
            /**
             * Checkout Url
             * @description Where it can be paid, while it is open.
             */
            checkout_url: string | null;
            /** Checkout Expires At */
            checkout_expires_at: string | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Paid At */
            paid_at: string | null;
            /** Ended At */
            ended_at: string | null;
            /** @description Null until the payment has arrived. */
            work: components["schemas"]["OrderedWork"] | null;
        };
        /**
         * OrderedFile
         * @description A file of the work. Its `url` works for whoever has it, until `url_expires_at`.
         */
        OrderedFile: {
            /**
             * Id
             * @description As in the result.
             */
            id: string;
            /** Media Type */
            media_type: string;
            /** Size Bytes */
            size_bytes: number;
            /**
             * Width
             * @description Of a picture, in pixels.
             */
            width: number | null;
            /** Height */
            height: number | null;
            /** Url */
            url: string;
            /**
             * Url Expires At
             * Format: date-time
             */
            url_expires_at: string;
        };
        /**
         * OrderedFiles
         * @description All files of the work, in the order in which its result names them; as generation answers.
         * @example {
         *       "items": [
         *         {
         *           "id": "019a3f8e4b7c7d2e9f1a2b3c4d5e6f70/book.pdf",
         *           "media_type": "application/pdf",
         *           "size_bytes": 4213907,
         *           "width": null,
         *           "height": null,
         *           "url": "https://api.cloudinary.com/v1_1/atelier/raw/download?…",
         *           "url_expires_at": "2026-11-28T12:00:00Z"
         *         }
         *       ]
         *     }
         */
        OrderedFiles: {
            /** Items */
            items: components["schemas"]["OrderedFile"][];
        };
        /**
         * OrderedWork
         * @description The work that was paid for.
         */
        OrderedWork: {
            status: components["schemas"]["JobStatus"];
            /** Progress */
            progress: number;
            /**
             * Message
             * @description What is being done, for people.
             */
            message: string | null;
            queue: components["schemas"]["Queue"] | null;
            /** Result */
            result: {
                [key: string]: unknown;
            } | null;
            error: components["schemas"]["JobError"] | null;
            /** Started At */
            started_at: string | null;
            /** Finished At */
            finished_at: string | null;
            /**
             * Files Deleted At
             * @description When the result's files were deleted.
             */
            files_deleted_at?: string | null;
        };
        /**
         * PriceRule
         * @description What one job of a kind costs in credits: a base, or one of a table by the value of one input field.
         *
         *     A job whose input has a member of `credits_with_member` is another sort of work (a page instead of a book) and costs
         *     what that says, whatever else is in it.
         */
        PriceRule: {
            /** Base Credits */
            base_credits: number;
            /** By Field */
            by_field?: string | null;
            /** Credits By Value */
            credits_by_value?: {
                [key: string]: number;
            };
            /** Credits With Member */
            credits_with_member?: {
                [key: string]: number;
            };
        };
        /**
         * Profile
         * @description The signed-in user and the account.
         * @example {
         *       "user": {
         *         "id": "usr_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *         "email": "ada@example.com",
         *         "locale": "en",
         *         "created_at": "2026-11-21T12:00:00Z",
         *         "verified_at": null
         *       },
         *       "account": {
         *         "id": "acc_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *         "plan": "free",
         *         "created_at": "2026-11-21T12:00:00Z"
         *       }
         *     }
         */
        ProfileView: {
            user: components["schemas"]["UserView"];
            account: components["schemas"]["AccountView"];
        };
        /**
         * Queue
         * @description The place in the order and what it means.
         */
        Queue: {
            /**
             * Position
             * @description How many jobs of the same class are before this one.
             */
            position: number;
            start: components["schemas"]["Expectation"];
            finish: components["schemas"]["Expectation"];
            /**
             * Estimated Start At
             * Format: date-time
             */
            estimated_start_at: string;
            /**
             * Estimated Finish At
             * Format: date-time
             */
            estimated_finish_at: string;
        };
        /**
         * QueueView
         * @description The queue of one class of work.
         */
        QueueView: {
            /** Job Class */
            job_class: string;
            /** Waiting */
            waiting: number;
            /** Running */
            running: number;
            /** Slots */
            slots: number;
            wait: components["schemas"]["WaitView"];
        };
        /**
         * QuoteView
         * @description A binding quote: send `token` as the header `Quote` with the same input, and it costs `price` at most.
         */
        QuoteView: {
            /** Token */
            token: string;
            /**
             * Price
             * @description In credits.
             */
            price: number;
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
        };
        /**
         * Receipt
         * @description What a job cost, and why.
         * @example {
         *       "id": "job_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *       "kind": "text-to-design",
         *       "status": "succeeded",
         *       "price": 5,
         *       "hold": {
         *         "amount": 5,
         *         "at": "2026-11-21T12:00:00Z",
         *         "transaction_id": null
         *       },
         *       "attempts": [
         *         {
         *           "step": "image",
         *           "provider": "openai",
         *           "model": "gpt-image-2.5-flare",
         *           "outcome": "ok",
         *           "error_code": null,
         *           "duration_seconds": 6.2,
         *           "cost_microusd": 34000
         *         }
         *       ],
         *       "capture": {
         *         "amount": 5,
         *         "at": "2026-11-21T12:00:09Z",
         *         "transaction_id": null
         *       },
         *       "release": null,
         *       "repayment": null,
         *       "totals": {
         *         "held": 5,
         *         "captured": 5,
         *         "returned": 0,
         *         "expired": 0,
         *         "open": 0,
         *         "provider_cost_microusd": 34000
         *       },
         *       "why": "The work was done and charged."
         *     }
         */
        Receipt: {
            /** Id */
            id: string;
            /** Kind */
            kind: string;
            status: components["schemas"]["JobStatus"];
            /** Price */
            price: number;
            hold: components["schemas"]["Movement"] | null;
            /** Attempts */
            attempts: components["schemas"]["Attempt"][];
            capture: components["schemas"]["Movement"] | null;
            release: components["schemas"]["Release"] | null;
            /** @description Debt of the account that was paid from what came back. */
            repayment: components["schemas"]["Movement"] | null;
            totals: components["schemas"]["ReceiptTotals"];
            /**
             * Why
             * @description One sentence for people.
             */
            why: string;
        };
        /**
         * ReceiptTotals
         * @description Credits of the account, and what providers asked of the studio.
         */
        ReceiptTotals: {
            /** Held */
            held: number;
            /** Captured */
            captured: number;
            /** Returned */
            returned: number;
            /**
             * Expired
             * @description Was to come back, and had expired meanwhile.
             */
            expired: number;
            /**
             * Open
             * @description Still set aside.
             */
            open: number;
            /**
             * Provider Cost Microusd
             * @description In millionths of a dollar, as far as it is known.
             */
            provider_cost_microusd: number;
        };
        /**
         * RefreshSession
         * @description The refresh token of the session to go on with.
         * @example {
         *       "refresh_token": "atl_refresh_…"
         *     }
         */
        RefreshSession: {
            /** Refresh Token */
            refresh_token: string;
        };
        /**
         * Release
         * @description Credits that came back.
         */
        Release: {
            /** Amount */
            amount: number;
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Transaction Id */
            transaction_id?: string | null;
            /**
             * Reason
             * @description `completed`, `failed`, `cancelled` or `expired`.
             */
            reason?: string | null;
        };
        /**
         * RequestPasswordReset
         * @description Whose password was forgotten.
         * @example {
         *       "email": "ada@example.com"
         *     }
         */
        RequestPasswordReset: {
            /**
             * Email
             * Format: email
             */
            email: string;
        };
        /**
         * RotateKey
         * @description For how long the old secret goes on working beside the new one.
         * @example {
         *       "overlap_seconds": 86400
         *     }
         */
        RotateKey: {
            /**
             * Overlap Seconds
             * @description At most seven days; 0 ends the old secret at once.
             * @default 0
             */
            overlap_seconds?: number;
        };
        /**
         * Session
         * @description Who is signed in, with the tokens to go on with.
         * @example {
         *       "user": {
         *         "id": "usr_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *         "email": "ada@example.com",
         *         "locale": "en",
         *         "created_at": "2026-11-21T12:00:00Z",
         *         "verified_at": null
         *       },
         *       "account": {
         *         "id": "acc_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *         "plan": "free",
         *         "created_at": "2026-11-21T12:00:00Z"
         *       },
         *       "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9…",
         *       "token_type": "Bearer",
         *       "expires_in_seconds": 900,
         *       "refresh_token": "atl_refresh_…",
         *       "refresh_expires_at": "2026-12-21T12:00:00Z"
         *     }
         */
        SessionView: {
            user: components["schemas"]["UserView"];
            account: components["schemas"]["AccountView"];
            /**
             * Access Token
             * @description For `Authorization: Bearer …`.
             * @example eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.…
             */
            access_token: string;
            /**
             * Token Type
             * @default Bearer
             * @constant
             */
            token_type?: "Bearer";
            /**
             * Expires In Seconds
             * @description How long the access token is valid.
             * @example 900
             */
            expires_in_seconds: number;
            /**
             * Refresh Token
             * @description For one `POST /v1/sessions/refresh`; it is used up by it.
             * @example atl_refresh_…
             */
            refresh_token: string;
            /**
             * Refresh Expires At
             * Format: date-time
             */
            refresh_expires_at: string;
        };
        /**
         * Status
         * @description The state of the product, as of a few seconds ago at most.
         * @example {
         *       "state": "degraded",
         *       "expected_end_at": "2026-11-21T12:04:00Z",
         *       "modes": [],
         *       "components": [
         *         {
         *           "name": "api",
         *           "state": "ok",
         *           "detail": null,
         *           "since": null,
         *           "expected_end_at": null,
         *           "checked_at": "2026-11-21T12:00:00Z"
         *         },
         *         {
         *           "name": "billing",
         *           "state": "degraded",
         *           "detail": "Is 42 s behind.",
         *           "since": "2026-11-21T11:56:00Z",
         *           "expected_end_at": "2026-11-21T12:04:00Z",
         *           "checked_at": "2026-11-21T12:00:00Z"
         *         }
         *       ],
         *       "queues": [
         *         {
         *           "job_class": "image",
         *           "waiting": 3,
         *           "running": 8,
         *           "slots": 8,
         *           "wait": {
         *             "p50_seconds": 2.5,
         *             "p90_seconds": 6
         *           }
         *         }
         *       ],
         *       "switched_off": [
         *         {
         *           "feature": "kind.upscale",
         *           "text": "This kind of work is switched off for now.",
         *           "expected_end_at": null
         *         }
         *       ]
         *     }
         */
        Status: {
            /**
             * State
             * @enum {string}
             */
            state: "ok" | "degraded";
            /**
             * Expected End At
             * @description When all is expected to be well again; null while it is, or where nobody can tell.
             */
            expected_end_at?: string | null;
            /** Modes */
            modes: components["schemas"]["ModeView"][];
            /** Components */
            components: components["schemas"]["ComponentView"][];
            /** Queues */
            queues: components["schemas"]["QueueView"][];
            /** Switched Off */
            switched_off: components["schemas"]["SwitchedOffView"][];
        };
        /**
         * SwitchedOffView
         * @description Something that operators have switched off.
         */
        SwitchedOffView: {
            /** Feature */
            feature: string;
            /** Text */
            text: string;
            /** Expected End At */
            expected_end_at?: string | null;
        };
        /**
         * User
         * @description A person who can sign in.
         * @example {
         *       "id": "usr_01k9zv4m5sfv8b2c3d4e5f6g7h",
         *       "email": "ada@example.com",
         *       "locale": "en",
         *       "created_at": "2026-11-21T12:00:00Z",
         *       "verified_at": null
         *     }
         */
        UserView: {
            /** Id */
            id: string;
            /** Email */
            email: string;
            /**
             * Locale
             * @enum {string}
             */
            locale: "en" | "fr";
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Verified At
             * @description When the e-mail address was shown to be the user's.
             */
            verified_at: string | null;
        };
        /**
         * WaitView
         * @description Until a job that is submitted now starts: half within `p50_seconds`, nine of ten within `p90_seconds`.
         */
        WaitView: {
            /** P50 Seconds */
            p50_seconds: number;
            /** P90 Seconds */
            p90_seconds: number;
        };
        /**
         * Problem
         * @description An RFC 9457 problem document; `code` is stable, `detail` is for people. Some codes add members.
         * @example {
         *       "type": "/problems/insufficient-credits",
         *       "title": "Insufficient credits",
         *       "status": 402,
         *       "code": "INSUFFICIENT_CREDITS",
         *       "detail": "This costs 5 credits and 2 are available.",
         *       "instance": "/v1/jobs/text-to-design",
         *       "trace_id": null,
         *       "request_id": "f3a9c2d17b5e4d0c9a6b8e7f1d2c3b4a",
         *       "required": 5,
         *       "available": 2
         *     }
         */
        Problem: {
            /** Type */
            type: string;
            /** Title */
            title: string;
            /** Status */
            status: number;
            /** Code */
            code: string;
            /** Detail */
            detail: string;
            /**
             * Instance
             * @default null
             */
            instance?: string | null;
            /**
             * Trace Id
             * @default null
             */
            trace_id?: string | null;
            /**
             * Request Id
             * @default null
             */
            request_id?: string | null;
            /**
             * Errors
             * @default null
             */
            errors?: components["schemas"]["FieldProblem"][] | null;
        } & {
            [key: string]: unknown;
        };
        /**
         * FieldProblem
         * @description One field that was refused.
         */
        FieldProblem: {
            /** Pointer */
            pointer: string;
            /** Detail */
            detail: string;
            /**
             * Code
             * @default null
             */
            code?: string | null;
        };
        /**
         * BackgroundRemovalInput
         * @description The picture, and the format of the result.
         */
        BackgroundRemovalInput: {
            /**
             * Asset Id
             * @description A picture from `POST /v1/assets`.
             */
            asset_id?: string;
            /**
             * Image Url
             * @description Where the picture is fetched from: a public http or https address.
             */
            image_url?: string;
            /**
             * @description `webp` is a fraction of the size; `png` is read everywhere.
             * @default webp
             */
            output_format?: components["schemas"]["BackgroundRemovalInputOutputFormat"];
        } & (unknown | unknown);
        /**
         * OutputFormat
         * @description Formats that have transparency.
         * @enum {string}
         */
        BackgroundRemovalInputOutputFormat: "png" | "webp";
        /**
         * BackgroundRemovalResult
         * @description The cut-out: the customer's own pixels with an alpha channel.
         */
        BackgroundRemovalResult: {
            image: components["schemas"]["BackgroundRemovalResultImageArtefact"];
            /** @description Above 12.6 megapixels the result is smaller than the picture was. */
            original_size: components["schemas"]["BackgroundRemovalResultPixelSize"];
            /**
             * Subject Share
             * @description The part of the picture that stays, 0 to 1.
             */
            subject_share: number;
            /** Provider */
            provider: string;
            /** Model */
            model: string;
            /**
             * Cached
             * @description Whether the same was asked for before and the answer kept.
             * @default false
             */
            cached?: boolean;
        };
        /**
         * ImageArtefact
         * @description An image in artefact storage.
         *
         *     `url` is signed: it works for whoever has it, and for nobody who guesses, until `url_expires_at`. The job's
         *     artefacts (`GET /v1/jobs/{id}/artefacts`) are signed anew whenever they are asked for.
         */
        BackgroundRemovalResultImageArtefact: {
            /** Id */
            id: string;
            /** Version */
            version: number;
            /** Url */
            url: string;
            /**
             * Url Expires At
             * @default null
             */
            url_expires_at?: string | null;
            /** Media Type */
            media_type: string;
            /** Width */
            width: number;
            /** Height */
            height: number;
            /** Size Bytes */
            size_bytes: number;
        };
        /**
         * PixelSize
         * @description A size in pixels.
         */
        BackgroundRemovalResultPixelSize: {
            /** Width */
            width: number;
            /** Height */
            height: number;
        };
        /**
         * ColoringBookInput
         * @description A new book (`theme` and `title`), or a page of one made anew (`reroll`).
         */
        ColoringBookInput: {
            /**
             * Theme
             * @description What the book is about.
             */
            theme?: string;
            /**
             * Title
             * @description Printed on the cover.
             */
            title?: string;
            /**
             * Dedication
             * @description Printed on the second page.
             * @default
             */
            dedication?: string;
            /**
             * @description Years of the children it is for.
             * @default 6-8
             */
            age_band?: components["schemas"]["ColoringBookInputAgeBand"];
            /** @description Instead of a new book: one page of an earlier one, for the price of a page. */
            reroll?: components["schemas"]["ColoringBookInputReroll"];
        } & (unknown | unknown);
        /**
         * AgeBand
         * @description For whom the book is.
         * @enum {string}
         */
        ColoringBookInputAgeBand: "3-5" | "6-8" | "9-12";
        /**
         * Reroll
         * @description A page of an earlier book of mine that is to be drawn and coloured anew.
         */
        ColoringBookInputReroll: {
            /**
             * Job Id
             * @description The job that made the book.
             */
            job_id: string;
            /** Page */
            page: number;
            /**
             * Wish
             * @description What is to be different.
             * @default null
             */
            wish?: string;
        };
        /**
         * ColoringBookResult
         * @description The book.
         */
        ColoringBookResult: {
            /** Title */
            title: string;
            pdf: components["schemas"]["ColoringBookResultFileArtefact"];
            /**
             * Pdf Pages
             * @description Cover, a page for its owner, 12 to colour, 12 coloured.
             */
            pdf_pages: number;
            /** Pdf Sha256 */
            pdf_sha256: string;
            /**
             * Page Size
             * @description A4: 210 x 297 mm.
             */
            page_size: string;
            /** Line Art Dpi */
            line_art_dpi: number;
            /** Coloured Dpi */
            coloured_dpi: number;
            /** Pages */
            pages: components["schemas"]["ColoringBookResultBookPage"][];
            /** Theme */
            theme: string;
            /** Dedication */
            dedication: string;
            age_band: components["schemas"]["ColoringBookResultAgeBand"];
            /** Language */
            language: string;
            /** @description What is on the pages and how they are drawn: pages that are made anew keep to it. */
            plan: components["schemas"]["ColoringBookResultPlan"];
            /**
             * Reroll Of
             * @description The job whose book this is but for one page.
             * @default null
             */
            reroll_of?: string | null;
        };
        /**
         * AgeBand
         * @description For whom the book is.
         * @enum {string}
         */
        ColoringBookResultAgeBand: "3-5" | "6-8" | "9-12";
        /**
         * BookPage
         * @description A page, to colour and coloured.
         */
        ColoringBookResultBookPage: {
            /** Number */
            number: number;
            /** Caption */
            caption: string;
            /** @description PNG of one bit a pixel. */
            line_art: components["schemas"]["ColoringBookResultImageArtefact"];
            coloured: components["schemas"]["ColoringBookResultImageArtefact"];
            /** Line Art Sha256 */
            line_art_sha256: string;
            /** Coloured Sha256 */
            coloured_sha256: string;
            /**
             * Lines Kept
             * @description Share of the page's lines that are where they were once it is coloured.
             */
            lines_kept: number;
            /**
             * Variation
             * @description 1, and one more each time the page is drawn anew.
             */
            variation: number;
        };
        /**
         * FileArtefact
         * @description A file that is no picture, in artefact storage; `url` as for an image.
         */
        ColoringBookResultFileArtefact: {
            /** Id */
            id: string;
            /** Version */
            version: number;
            /** Url */
            url: string;
            /**
             * Url Expires At
             * @default null
             */
            url_expires_at?: string | null;
            /** Media Type */
            media_type: string;
            /** Size Bytes */
            size_bytes: number;
            /**
             * Mailed
             * @description Whether it goes along with the mail about it, if small enough.
             * @default false
             */
            mailed?: boolean;
        };
        /**
         * ImageArtefact
         * @description An image in artefact storage.
         *
         *     `url` is signed: it works for whoever has it, and for nobody who guesses, until `url_expires_at`. The job's
         *     artefacts (`GET /v1/jobs/{id}/artefacts`) are signed anew whenever they are asked for.
         */
        ColoringBookResultImageArtefact: {
            /** Id */
            id: string;
            /** Version */
            version: number;
            /** Url */
            url: string;
            /**
             * Url Expires At
             * @default null
             */
            url_expires_at?: string | null;
            /** Media Type */
            media_type: string;
            /** Width */
            width: number;
            /** Height */
            height: number;
            /** Size Bytes */
            size_bytes: number;
        };
        /**
         * Plan
         * @description The whole book.
         */
        ColoringBookResultPlan: {
            /**
             * Style
             * @description How all pages are drawn, in English: characters, manner of line; one sentence.
             */
            style: string;
            /** Scenes */
            scenes: components["schemas"]["ColoringBookResultScene"][];
        };
        /**
         * Scene
         * @description One page.
         */
        ColoringBookResultScene: {
            /**
             * Caption
             * @description A few words that name the page for its reader.
             */
            caption: string;
            /**
             * Drawing
             * @description What is to be drawn, in English: subject, what it does, where; one or two sentences.
             */
            drawing: string;
        };
        /**
         * ExtractColorsInput
         * @description The picture, and how many colours are wanted.
         */
        ExtractColorsInput: {
            /**
             * Asset Id
             * @description A picture from `POST /v1/assets`.
             */
            asset_id?: string;
            /**
             * Image Url
             * @description Where the picture is fetched from: a public http or https address.
             */
            image_url?: string;
            /**
             * Colors
             * @description At most this many; fewer where a picture has fewer.
             * @default 6
             */
            colors?: number;
        } & (unknown | unknown);
        /**
         * ExtractColorsResult
         * @description The palette, largest share first, and its legible pairs, best first.
         */
        ExtractColorsResult: {
            /** Palette */
            palette: components["schemas"]["ExtractColorsResultPaletteColor"][];
            /** Contrast Pairs */
            contrast_pairs: components["schemas"]["ExtractColorsResultContrastPair"][];
            /**
             * Cached
             * @description Whether the same was asked for before and the answer kept: it costs nothing.
             */
            cached: boolean;
        };
        /**
         * ColorRole
         * @description What a colour is in its picture.
         * @enum {string}
         */
        ExtractColorsResultColorRole: "background" | "dominant" | "accent" | "text" | "secondary" | "detail";
        /**
         * ContrastPair
         * @description Two colours of the palette that contrast enough for something, by WCAG 2.2.
         */
        ExtractColorsResultContrastPair: {
            /** First */
            first: string;
            /** Second */
            second: string;
            /**
             * Ratio
             * @description 1 to 21.
             */
            ratio: number;
            /**
             * Aa
             * @description Enough for text (4.5).
             */
            aa: boolean;
            /**
             * Aa Large
             * @description Enough for large text and controls (3).
             */
            aa_large: boolean;
            /**
             * Aaa
             * @description Enough for text at level AAA (7).
             */
            aaa: boolean;
            /**
             * Aaa Large
             * @description Enough for large text at level AAA (4.5).
             */
            aaa_large: boolean;
        };
        /**
         * PaletteColor
         * @description A colour of the palette.
         */
        ExtractColorsResultPaletteColor: {
            /** Hex */
            hex: string;
            /**
             * Share
             * @description What it covers of all that is visible, 0 to 1; shares sum to 1.
             */
            share: number;
            /**
             * Name
             * @description The nearest common name, in your language.
             */
            name: string;
            /** @description background: most of the rim; dominant: the largest of the rest; accent: the most vivid; text: legible on the background; secondary: from a tenth of the picture on; detail: less. */
            role: components["schemas"]["ExtractColorsResultColorRole"];
        };
        /**
         * InvoiceInput
         * @description Which quote has become work to be paid.
         */
        InvoiceInput: {
            /**
             * Quote Id
             * @description An accepted quote; see `POST /v1/quotes/{id}/accept`.
             */
            quote_id: string;
            /**
             * Mail To Client
             * @description Mail the client the PDF and the page to pay on, where the quote has their address.
             * @default false
             */
            mail_to_client?: boolean;
        };
        /**
         * InvoiceResult
         * @description The invoice as it was issued; amounts are whole minor units (cents) of the currency.
         */
        InvoiceResult: {
            /** Invoice Id */
            invoice_id: string;
            /** Quote Id */
            quote_id: string;
            /**
             * Number
             * @description Counted by account and year, without gaps.
             */
            number: string;
            /**
             * Issued On
             * Format: date
             */
            issued_on: string;
            /**
             * Due On
             * Format: date
             */
            due_on: string;
            pdf: components["schemas"]["InvoiceResultFileArtefact"];
            /**
             * Pay Url
             * @description Our page that leads to the payment; null for amounts no link can take.
             */
            pay_url: string | null;
            /** Mailed To */
            mailed_to: string | null;
            /**
             * Already Issued
             * @description Whether an earlier job has issued it; nothing was made or mailed again.
             */
            already_issued: boolean;
            /** Title */
            title: string;
            client: components["schemas"]["InvoiceResultParty"];
            issuer: components["schemas"]["InvoiceResultParty"] | null;
            /** Items */
            items: components["schemas"]["InvoiceResultItem"][];
            /** Currency */
            currency: string;
            /** Tax Rate Percent */
            tax_rate_percent: string;
            /** Net Minor */
            net_minor: number;
            /** Tax Minor */
            tax_minor: number;
            /** Gross Minor */
            gross_minor: number;
            /** Language */
            language: string;
        };
        /**
         * FileArtefact
         * @description A file that is no picture, in artefact storage; `url` as for an image.
         */
        InvoiceResultFileArtefact: {
            /** Id */
            id: string;
            /** Version */
            version: number;
            /** Url */
            url: string;
            /**
             * Url Expires At
             * @default null
             */
            url_expires_at?: string | null;
            /** Media Type */
            media_type: string;
            /** Size Bytes */
            size_bytes: number;
            /**
             * Mailed
             * @description Whether it goes along with the mail about it, if small enough.
             * @default false
             */
            mailed?: boolean;
        };
        /**
         * Item
         * @description A line: `quantity` is a decimal, amounts are whole minor units of the currency.
         */
        InvoiceResultItem: {
            /** Description */
            description: string;
            /** Quantity */
            quantity: string;
            /** Unit */
            unit: string;
            /** Unit Price Minor */
            unit_price_minor: number;
            /** Total Minor */
            total_minor: number;
        };
        /**
         * Party
         * @description Somebody as documents name them. `registration` is a company's number and the like.
         */
        InvoiceResultParty: {
            /** Name */
            name: string;
            /**
             * Address
             * @default null
             */
            address?: string | null;
            /**
             * Email
             * @default null
             */
            email?: string | null;
            /**
             * Registration
             * @default null
             */
            registration?: string | null;
        };
        /**
         * OrientationReportInput
         * @description The questionnaire the report is made of.
         */
        OrientationReportInput: {
            /**
             * Questionnaire Id
             * @description A completed questionnaire, see `POST /v1/questionnaires`.
             */
            questionnaire_id: string;
        };
        /**
         * OrientationReportResult
         * @description The report: its parts to be read here, the whole as Markdown and as a PDF file.
         */
        OrientationReportResult: {
            /** Title */
            title: string;
            /**
             * Language
             * @enum {string}
             */
            language: "en" | "fr";
            pdf: components["schemas"]["OrientationReportResultFileArtefact"];
            /** Parts */
            parts: components["schemas"]["OrientationReportResultPart"][];
            /** Schools */
            schools: components["schemas"]["OrientationReportResultSchool"][];
            /** Jobs */
            jobs: components["schemas"]["OrientationReportResultJob"][];
            /**
             * Caveat
             * @description What has to be checked before anything is decided.
             */
            caveat: string;
            /**
             * Markdown
             * @description The whole report in CommonMark.
             */
            markdown: string;
        };
        /**
         * FileArtefact
         * @description A file that is no picture, in artefact storage; `url` as for an image.
         */
        OrientationReportResultFileArtefact: {
            /** Id */
            id: string;
            /** Version */
            version: number;
            /** Url */
            url: string;
            /**
             * Url Expires At
             * @default null
             */
            url_expires_at?: string | null;
            /** Media Type */
            media_type: string;
            /** Size Bytes */
            size_bytes: number;
            /**
             * Mailed
             * @description Whether it goes along with the mail about it, if small enough.
             * @default false
             */
            mailed?: boolean;
        };
        /**
         * Job
         * @description What could be done for a living, why, and how to find out.
         */
        OrientationReportResultJob: {
            /** Title */
            title: string;
            /** Why */
            why: string;
            /** First Step */
            first_step: string;
        };
        /**
         * Part
         * @description One of the three parts, by whom it was written.
         */
        OrientationReportResultPart: {
            /** Title */
            title: string;
            /** Sections */
            sections: components["schemas"]["OrientationReportResultSection"][];
            /** Points Title */
            points_title: string;
            /** Points */
            points: string[];
            /** Provider */
            provider: string;
            /** Model */
            model: string;
        };
        /**
         * School
         * @description Where something can be learned, and why there.
         */
        OrientationReportResultSchool: {
            /** Name */
            name: string;
            /** Programme */
            programme: string;
            /** Place */
            place: string;
            /** Why */
            why: string;
        };
        /**
         * Section
         * @description A heading and what stands under it.
         */
        OrientationReportResultSection: {
            /** Heading */
            heading: string;
            /** Paragraphs */
            paragraphs: string[];
        };
        /**
         * PhotoCritiqueInput
         * @description The photograph, and how to speak of it.
         */
        PhotoCritiqueInput: {
            /**
             * Asset Id
             * @description A picture from `POST /v1/assets`.
             */
            asset_id?: string;
            /**
             * Image Url
             * @description Where the picture is fetched from: a public http or https address.
             */
            image_url?: string;
            /**
             * @description How the critic speaks; the marks do not depend on it.
             * @default professional
             */
            tone?: components["schemas"]["PhotoCritiqueInputTone"];
        } & (unknown | unknown);
        /**
         * Tone
         * @description How the critic speaks.
         * @enum {string}
         */
        PhotoCritiqueInputTone: "professional" | "kind" | "roast";
        /**
         * PhotoCritiqueResult
         * @description Marks from 0 to 100 and words, in the owner's language.
         */
        PhotoCritiqueResult: {
            /** Score */
            score: number;
            criteria: components["schemas"]["PhotoCritiqueResultCriteria"];
            /** Improvements */
            improvements: string[];
            /**
             * Best Of
             * @description Whether the score is 85 or more.
             */
            best_of: boolean;
            tone: components["schemas"]["PhotoCritiqueResultTone"];
            /** Language */
            language: string;
            /** Provider */
            provider: string;
            /** Model */
            model: string;
        };
        /**
         * Criteria
         * @description The sides that are judged, always all of them.
         */
        PhotoCritiqueResultCriteria: {
            light: components["schemas"]["PhotoCritiqueResultCriterion"];
            composition: components["schemas"]["PhotoCritiqueResultCriterion"];
            colour: components["schemas"]["PhotoCritiqueResultCriterion"];
            focus: components["schemas"]["PhotoCritiqueResultCriterion"];
            story: components["schemas"]["PhotoCritiqueResultCriterion"];
        };
        /**
         * Criterion
         * @description One side of the photograph.
         */
        PhotoCritiqueResultCriterion: {
            /** Score */
            score: number;
            /**
             * Sentence
             * @description One sentence that says why.
             */
            sentence: string;
        };
        /**
         * Tone
         * @description How the critic speaks.
         * @enum {string}
         */
        PhotoCritiqueResultTone: "professional" | "kind" | "roast";
        /**
         * QuoteInput
         * @description The work, for whom, and how it is taxed.
         */
        QuoteInput: {
            /**
             * Work
             * @description The building job in free words.
             */
            work: string;
            client: components["schemas"]["QuoteInputClient"];
            /**
             * Tax Rate Percent
             * @description Per cent: 20, 10 or 5.5.
             * @default 20
             */
            tax_rate_percent?: string;
            /**
             * Currency
             * @description ISO 4217, with two decimals.
             * @default EUR
             */
            currency?: string;
            /**
             * @description Who offers the work.
             * @default null
             */
            issuer?: components["schemas"]["QuoteInputIssuer"] | null;
            /**
             * Mail To Client
             * @description Mail the client a link to the PDF; needs `client.email`.
             * @default false
             */
            mail_to_client?: boolean;
        };
        /**
         * Client
         * @description For whom the work is done.
         */
        QuoteInputClient: {
            /** Name */
            name: string;
            /**
             * Address
             * @default null
             */
            address?: string | null;
            /**
             * Email
             * @default null
             */
            email?: string | null;
        };
        /**
         * Issuer
         * @description By whom the work is done, as it stands on the document.
         */
        QuoteInputIssuer: {
            /** Name */
            name: string;
            /**
             * Address
             * @default null
             */
            address?: string | null;
            /**
             * Email
             * @default null
             */
            email?: string | null;
            /**
             * Registration
             * @description Company and tax numbers, as the law wants them shown.
             * @default null
             */
            registration?: string | null;
        };
        /**
         * QuoteResult
         * @description The quote as it was issued; amounts are whole minor units (cents) of the currency.
         */
        QuoteResult: {
            /** Quote Id */
            quote_id: string;
            /**
             * Number
             * @description Counted by account and year, without gaps.
             */
            number: string;
            /**
             * Issued On
             * Format: date
             */
            issued_on: string;
            pdf: components["schemas"]["QuoteResultFileArtefact"];
            /**
             * Mailed To
             * @description The client's address where the quote is mailed; null also when the day's mails are used up.
             */
            mailed_to: string | null;
            /** Title */
            title: string;
            client: components["schemas"]["QuoteResultParty"];
            issuer: components["schemas"]["QuoteResultParty"] | null;
            /** Items */
            items: components["schemas"]["QuoteResultItem"][];
            /** Currency */
            currency: string;
            /** Tax Rate Percent */
            tax_rate_percent: string;
            /** Net Minor */
            net_minor: number;
            /** Tax Minor */
            tax_minor: number;
            /** Gross Minor */
            gross_minor: number;
            /** Language */
            language: string;
            /** Provider */
            provider: string;
            /** Model */
            model: string;
        };
        /**
         * FileArtefact
         * @description A file that is no picture, in artefact storage; `url` as for an image.
         */
        QuoteResultFileArtefact: {
            /** Id */
            id: string;
            /** Version */
            version: number;
            /** Url */
            url: string;
            /**
             * Url Expires At
             * @default null
             */
            url_expires_at?: string | null;
            /** Media Type */
            media_type: string;
            /** Size Bytes */
            size_bytes: number;
            /**
             * Mailed
             * @description Whether it goes along with the mail about it, if small enough.
             * @default false
             */
            mailed?: boolean;
        };
        /**
         * Item
         * @description A line: `quantity` is a decimal, amounts are whole minor units of the currency.
         */
        QuoteResultItem: {
            /** Description */
            description: string;
            /** Quantity */
            quantity: string;
            /** Unit */
            unit: string;
            /** Unit Price Minor */
            unit_price_minor: number;
            /** Total Minor */
            total_minor: number;
        };
        /**
         * Party
         * @description Somebody as documents name them. `registration` is a company's number and the like.
         */
        QuoteResultParty: {
            /** Name */
            name: string;
            /**
             * Address
             * @default null
             */
            address?: string | null;
            /**
             * Email
             * @default null
             */
            email?: string | null;
            /**
             * Registration
             * @default null
             */
            registration?: string | null;
        };
        /**
         * SmartCropInput
         * @description The picture, and how to crop it.
         */
        SmartCropInput: {
            /**
             * Asset Id
             * @description A picture from `POST /v1/assets`.
             */
            asset_id?: string;
            /**
             * Image Url
             * @description Where the picture is fetched from: a public http or https address.
             */
            image_url?: string;
            /** @description 1:1 gives 1024x1024, 16:9 1920x1080, 9:16 1080x1920, 4:3 1600x1200 pixels. */
            target_ratio: components["schemas"]["SmartCropInputRatio"];
            /** @default auto */
            focus?: components["schemas"]["SmartCropInputCropFocus"];
        } & (unknown | unknown);
        /**
         * CropFocus
         * @description What is to stay in the picture.
         * @enum {string}
         */
        SmartCropInputCropFocus: "auto" | "face" | "center" | "product";
        /**
         * Ratio
         * @description Width to height.
         * @enum {string}
         */
        SmartCropInputRatio: "1:1" | "16:9" | "9:16" | "4:3";
        /**
         * SmartCropResult
         * @description The cropped picture and how it was made.
         */
        SmartCropResult: {
            image: components["schemas"]["SmartCropResultImageArtefact"];
            /** @description What was cut out of the original. */
            box: components["schemas"]["SmartCropResultCropBox"];
            original_size: components["schemas"]["SmartCropResultPixelSize"];
            new_size: components["schemas"]["SmartCropResultPixelSize"];
            /** @description What decided: `auto` also where no face or no single thing was found. */
            focus: components["schemas"]["SmartCropResultCropFocus"];
            /**
             * Faces
             * @description How many faces were seen, with focus `face`.
             */
            faces: number;
            /**
             * Scale
             * @description Pixels of the result for one of the original.
             */
            scale: number;
            /**
             * Upscaled
             * @description Whether the region was smaller than the result and had to be enlarged.
             */
            upscaled: boolean;
            /**
             * Cached
             * @description Whether the same was asked for before and the answer kept.
             * @default false
             */
            cached?: boolean;
        };
        /**
         * CropBox
         * @description A region of the original, in pixels from its upper left corner.
         */
        SmartCropResultCropBox: {
            /** Left */
            left: number;
            /** Top */
            top: number;
            /** Width */
            width: number;
            /** Height */
            height: number;
        };
        /**
         * CropFocus
         * @description What is to stay in the picture.
         * @enum {string}
         */
        SmartCropResultCropFocus: "auto" | "face" | "center" | "product";
        /**
         * ImageArtefact
         * @description An image in artefact storage.
         *
         *     `url` is signed: it works for whoever has it, and for nobody who guesses, until `url_expires_at`. The job's
         *     artefacts (`GET /v1/jobs/{id}/artefacts`) are signed anew whenever they are asked for.
         */
        SmartCropResultImageArtefact: {
            /** Id */
            id: string;
            /** Version */
            version: number;
            /** Url */
            url: string;
            /**
             * Url Expires At
             * @default null
             */
            url_expires_at?: string | null;
            /** Media Type */
            media_type: string;
            /** Width */
            width: number;
            /** Height */
            height: number;
            /** Size Bytes */
            size_bytes: number;
        };
        /**
         * PixelSize
         * @description A size in pixels.
         */
        SmartCropResultPixelSize: {
            /** Width */
            width: number;
            /** Height */
            height: number;
        };
        /**
         * TextToDesignInput
         * @description What to draw, and how.
         */
        TextToDesignInput: {
            /**
             * Prompt
             * @description What the image shows.
             */
            prompt: string;
            /** @default modern */
            style?: components["schemas"]["TextToDesignInputStyle"];
            /** @default 1:1 */
            aspect_ratio?: components["schemas"]["TextToDesignInputAspectRatio"];
            /**
             * Colors
             * @description Names or #rrggbb.
             */
            colors?: string[];
            /**
             * Negative Prompt
             * @description What to leave out.
             * @default null
             */
            negative_prompt?: string | null;
        };
        /**
         * AspectRatio
         * @description Width to height.
         * @enum {string}
         */
        TextToDesignInputAspectRatio: "1:1" | "16:9" | "9:16" | "4:3";
        /**
         * Style
         * @description The look that is asked for.
         * @enum {string}
         */
        TextToDesignInputStyle: "modern" | "vintage" | "minimal" | "bold" | "playful";
        /**
         * TextToDesignResult
         * @description The image, and what the provider made of the prompt.
         */
        TextToDesignResult: {
            image: components["schemas"]["TextToDesignResultImageArtefact"];
            /** Revised Prompt */
            revised_prompt: string | null;
            /** Provider */
            provider: string;
            /** Model */
            model: string;
        };
        /**
         * ImageArtefact
         * @description An image in artefact storage.
         *
         *     `url` is signed: it works for whoever has it, and for nobody who guesses, until `url_expires_at`. The job's
         *     artefacts (`GET /v1/jobs/{id}/artefacts`) are signed anew whenever they are asked for.
         */
        TextToDesignResultImageArtefact: {
            /** Id */
            id: string;
            /** Version */
            version: number;
            /** Url */
            url: string;
            /**
             * Url Expires At
             * @default null
             */
            url_expires_at?: string | null;
            /** Media Type */
            media_type: string;
            /** Width */
            width: number;
            /** Height */
            height: number;
            /** Size Bytes */
            size_bytes: number;
        };
        /**
         * UpscaleInput
         * @description The picture, and how much larger it is to become.
         */
        UpscaleInput: {
            /**
             * Asset Id
             * @description A picture from `POST /v1/assets`.
             */
            asset_id?: string;
            /**
             * Image Url
             * @description Where the picture is fetched from: a public http or https address.
             */
            image_url?: string;
            /** @description Pixels of the result for one of the picture, each way. The result has at most 25 megapixels. */
            scale: components["schemas"]["UpscaleInputScale"];
        } & (unknown | unknown);
        /**
         * Scale
         * @description How many times as wide and as high.
         * @enum {integer}
         */
        UpscaleInputScale: 2 | 4;
        /**
         * UpscaleResult
         * @description The enlarged picture.
         */
        UpscaleResult: {
            image: components["schemas"]["UpscaleResultImageArtefact"];
            original_size: components["schemas"]["UpscaleResultPixelSize"];
            new_size: components["schemas"]["UpscaleResultPixelSize"];
            scale: components["schemas"]["UpscaleResultScale"];
            /**
             * Provider
             * @description `local` with the model `lanczos` is interpolation, by no model.
             */
            provider: string;
            /** Model */
            model: string;
            /**
             * Cached
             * @description Whether the same was asked for before and the answer kept.
             * @default false
             */
            cached?: boolean;
        };
        /**
         * ImageArtefact
         * @description An image in artefact storage.
         *
         *     `url` is signed: it works for whoever has it, and for nobody who guesses, until `url_expires_at`. The job's
         *     artefacts (`GET /v1/jobs/{id}/artefacts`) are signed anew whenever they are asked for.
         */
        UpscaleResultImageArtefact: {
            /** Id */
            id: string;
            /** Version */
            version: number;
            /** Url */
            url: string;
            /**
             * Url Expires At
             * @default null
             */
            url_expires_at?: string | null;
            /** Media Type */
            media_type: string;
            /** Width */
            width: number;
            /** Height */
            height: number;
            /** Size Bytes */
            size_bytes: number;
        };
        /**
         * PixelSize
         * @description A size in pixels.
         */
        UpscaleResultPixelSize: {
            /** Width */
            width: number;
            /** Height */
            height: number;
        };
        /**
         * Scale
         * @description How many times as wide and as high.
         * @enum {integer}
         */
        UpscaleResultScale: 2 | 4;
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description Seconds until trying again can make sense. */
        "Retry-After": number;
        /** @description What is left of the nearest limit: `"dashboards";r=29;t=2` (IETF draft ratelimit-headers). */
        RateLimit: string;
        /** @description That limit: `"dashboards";q=30;w=60` is 30 in 60 seconds. */
        "RateLimit-Policy": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_jobs: {
        parameters: {
            query?: {
                kind?: string | null;
                status?: components["schemas"]["JobStatus"] | null;
                created_after?: string | null;
                created_before?: string | null;
                /** @description Only the owner's "best of": photographs whose critique gave them 85 or more. */
                best_of?: boolean;
                cursor?: string | null;
                limit?: number;
            };
            header?: {
                /** @description The `ETag` of an earlier answer. */
                "if-none-match"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The state that is shown (weak). */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobPage"];
                };
            };
            /** @description Not changed since the state that `If-None-Match` names. */
            304: {
                headers: {
                    /** @description The state that is shown (weak). */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submit_background_removal: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gives the first job again; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The token of an estimate of the same input: the job costs what it says at most. It is no part of what an Idempotency-Key stands for. */
                Quote?: string;
                /** @description What the job does when the provider of choice is down: `fallback` (the default) asks another; `wait; seconds=600` lets the job wait for it so long, cancellable free of charge; `cancel` ends it at once. What is not done then fails with `PROVIDER_DOWN`, and its credits come back. Each attempt of the job says in `branch` which of it happened. It is no part of what an Idempotency-Key stands for. */
                "On-Provider-Down"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "image_url": "https://example.com/chair.jpg",
                 *       "output_format": "png"
                 *     }
                 */
                "application/json": components["schemas"]["BackgroundRemovalInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description Where the job is read. */
                    Location?: string;
                    /** @description `true`: an earlier request with this key made the job. */
                    "Idempotent-Replayed"?: "true";
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INSUFFICIENT_CREDITS` */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN`, `NOT_ELIGIBLE` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `OPERATION_IN_PROGRESS` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REUSED`, `QUOTE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED`, `QUOTA_EXCEEDED`, `TOO_MANY_IN_FLIGHT` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    estimate_background_removal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "image_url": "https://example.com/chair.jpg",
                 *       "output_format": "png"
                 *     }
                 */
                "application/json": components["schemas"]["BackgroundRemovalInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Estimate"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submit_coloring_book: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gives the first job again; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The token of an estimate of the same input: the job costs what it says at most. It is no part of what an Idempotency-Key stands for. */
                Quote?: string;
                /** @description What the job does when the provider of choice is down: `fallback` (the default) asks another; `wait; seconds=600` lets the job wait for it so long, cancellable free of charge; `cancel` ends it at once. What is not done then fails with `PROVIDER_DOWN`, and its credits come back. Each attempt of the job says in `branch` which of it happened. It is no part of what an Idempotency-Key stands for. */
                "On-Provider-Down"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "theme": "Animals of the forest and their castle",
                 *       "title": "Mila's forest",
                 *       "dedication": "For Mila, who colours the sky green.",
                 *       "age_band": "6-8"
                 *     }
                 */
                "application/json": components["schemas"]["ColoringBookInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description Where the job is read. */
                    Location?: string;
                    /** @description `true`: an earlier request with this key made the job. */
                    "Idempotent-Replayed"?: "true";
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INSUFFICIENT_CREDITS` */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN`, `NOT_ELIGIBLE` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `OPERATION_IN_PROGRESS` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REUSED`, `QUOTE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED`, `QUOTA_EXCEEDED`, `TOO_MANY_IN_FLIGHT` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    estimate_coloring_book: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "theme": "Animals of the forest and their castle",
                 *       "title": "Mila's forest",
                 *       "dedication": "For Mila, who colours the sky green.",
                 *       "age_band": "6-8"
                 *     }
                 */
                "application/json": components["schemas"]["ColoringBookInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Estimate"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submit_extract_colors: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gives the first job again; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The token of an estimate of the same input: the job costs what it says at most. It is no part of what an Idempotency-Key stands for. */
                Quote?: string;
                /** @description What the job does when the provider of choice is down: `fallback` (the default) asks another; `wait; seconds=600` lets the job wait for it so long, cancellable free of charge; `cancel` ends it at once. What is not done then fails with `PROVIDER_DOWN`, and its credits come back. Each attempt of the job says in `branch` which of it happened. It is no part of what an Idempotency-Key stands for. */
                "On-Provider-Down"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "image_url": "https://example.com/poster.png",
                 *       "colors": 6
                 *     }
                 */
                "application/json": components["schemas"]["ExtractColorsInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description Where the job is read. */
                    Location?: string;
                    /** @description `true`: an earlier request with this key made the job. */
                    "Idempotent-Replayed"?: "true";
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INSUFFICIENT_CREDITS` */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN`, `NOT_ELIGIBLE` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `OPERATION_IN_PROGRESS` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REUSED`, `QUOTE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED`, `QUOTA_EXCEEDED`, `TOO_MANY_IN_FLIGHT` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    estimate_extract_colors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "image_url": "https://example.com/poster.png",
                 *       "colors": 6
                 *     }
                 */
                "application/json": components["schemas"]["ExtractColorsInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Estimate"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submit_invoice: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gives the first job again; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The token of an estimate of the same input: the job costs what it says at most. It is no part of what an Idempotency-Key stands for. */
                Quote?: string;
                /** @description What the job does when the provider of choice is down: `fallback` (the default) asks another; `wait; seconds=600` lets the job wait for it so long, cancellable free of charge; `cancel` ends it at once. What is not done then fails with `PROVIDER_DOWN`, and its credits come back. Each attempt of the job says in `branch` which of it happened. It is no part of what an Idempotency-Key stands for. */
                "On-Provider-Down"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "quote_id": "quo_01kbb0a2m8f3ht8v7y3q5n6c4d",
                 *       "mail_to_client": true
                 *     }
                 */
                "application/json": components["schemas"]["InvoiceInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description Where the job is read. */
                    Location?: string;
                    /** @description `true`: an earlier request with this key made the job. */
                    "Idempotent-Replayed"?: "true";
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INSUFFICIENT_CREDITS` */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN`, `NOT_ELIGIBLE` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `OPERATION_IN_PROGRESS` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REUSED`, `QUOTE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED`, `QUOTA_EXCEEDED`, `TOO_MANY_IN_FLIGHT` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    estimate_invoice: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "quote_id": "quo_01kbb0a2m8f3ht8v7y3q5n6c4d",
                 *       "mail_to_client": true
                 *     }
                 */
                "application/json": components["schemas"]["InvoiceInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Estimate"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submit_orientation_report: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gives the first job again; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The token of an estimate of the same input: the job costs what it says at most. It is no part of what an Idempotency-Key stands for. */
                Quote?: string;
                /** @description What the job does when the provider of choice is down: `fallback` (the default) asks another; `wait; seconds=600` lets the job wait for it so long, cancellable free of charge; `cancel` ends it at once. What is not done then fails with `PROVIDER_DOWN`, and its credits come back. Each attempt of the job says in `branch` which of it happened. It is no part of what an Idempotency-Key stands for. */
                "On-Provider-Down"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "questionnaire_id": "qst_01k9zv4m5sfv8b2c3d4e5f6g7h"
                 *     }
                 */
                "application/json": components["schemas"]["OrientationReportInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description Where the job is read. */
                    Location?: string;
                    /** @description `true`: an earlier request with this key made the job. */
                    "Idempotent-Replayed"?: "true";
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INSUFFICIENT_CREDITS` */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN`, `NOT_ELIGIBLE` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `OPERATION_IN_PROGRESS` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REUSED`, `QUOTE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED`, `QUOTA_EXCEEDED`, `TOO_MANY_IN_FLIGHT` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    estimate_orientation_report: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "questionnaire_id": "qst_01k9zv4m5sfv8b2c3d4e5f6g7h"
                 *     }
                 */
                "application/json": components["schemas"]["OrientationReportInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Estimate"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submit_photo_critique: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gives the first job again; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The token of an estimate of the same input: the job costs what it says at most. It is no part of what an Idempotency-Key stands for. */
                Quote?: string;
                /** @description What the job does when the provider of choice is down: `fallback` (the default) asks another; `wait; seconds=600` lets the job wait for it so long, cancellable free of charge; `cancel` ends it at once. What is not done then fails with `PROVIDER_DOWN`, and its credits come back. Each attempt of the job says in `branch` which of it happened. It is no part of what an Idempotency-Key stands for. */
                "On-Provider-Down"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "image_url": "https://example.com/harbour-at-dawn.jpg",
                 *       "tone": "kind"
                 *     }
                 */
                "application/json": components["schemas"]["PhotoCritiqueInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description Where the job is read. */
                    Location?: string;
                    /** @description `true`: an earlier request with this key made the job. */
                    "Idempotent-Replayed"?: "true";
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INSUFFICIENT_CREDITS` */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN`, `NOT_ELIGIBLE` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `OPERATION_IN_PROGRESS` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REUSED`, `QUOTE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED`, `QUOTA_EXCEEDED`, `TOO_MANY_IN_FLIGHT` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    estimate_photo_critique: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "image_url": "https://example.com/harbour-at-dawn.jpg",
                 *       "tone": "kind"
                 *     }
                 */
                "application/json": components["schemas"]["PhotoCritiqueInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Estimate"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submit_quote: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gives the first job again; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The token of an estimate of the same input: the job costs what it says at most. It is no part of what an Idempotency-Key stands for. */
                Quote?: string;
                /** @description What the job does when the provider of choice is down: `fallback` (the default) asks another; `wait; seconds=600` lets the job wait for it so long, cancellable free of charge; `cancel` ends it at once. What is not done then fails with `PROVIDER_DOWN`, and its credits come back. Each attempt of the job says in `branch` which of it happened. It is no part of what an Idempotency-Key stands for. */
                "On-Provider-Down"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "work": "Renovate a bathroom of 6 m²: remove the old tiles, new tiles on floor and walls, a walk-in shower.",
                 *       "client": {
                 *         "name": "Example Ltd",
                 *         "email": "office@example.com"
                 *       },
                 *       "tax_rate_percent": "10"
                 *     }
                 */
                "application/json": components["schemas"]["QuoteInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description Where the job is read. */
                    Location?: string;
                    /** @description `true`: an earlier request with this key made the job. */
                    "Idempotent-Replayed"?: "true";
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INSUFFICIENT_CREDITS` */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN`, `NOT_ELIGIBLE` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `OPERATION_IN_PROGRESS` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REUSED`, `QUOTE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED`, `QUOTA_EXCEEDED`, `TOO_MANY_IN_FLIGHT` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    estimate_quote: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "work": "Renovate a bathroom of 6 m²: remove the old tiles, new tiles on floor and walls, a walk-in shower.",
                 *       "client": {
                 *         "name": "Example Ltd",
                 *         "email": "office@example.com"
                 *       },
                 *       "tax_rate_percent": "10"
                 *     }
                 */
                "application/json": components["schemas"]["QuoteInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Estimate"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submit_smart_crop: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gives the first job again; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The token of an estimate of the same input: the job costs what it says at most. It is no part of what an Idempotency-Key stands for. */
                Quote?: string;
                /** @description What the job does when the provider of choice is down: `fallback` (the default) asks another; `wait; seconds=600` lets the job wait for it so long, cancellable free of charge; `cancel` ends it at once. What is not done then fails with `PROVIDER_DOWN`, and its credits come back. Each attempt of the job says in `branch` which of it happened. It is no part of what an Idempotency-Key stands for. */
                "On-Provider-Down"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "image_url": "https://example.com/portrait.jpg",
                 *       "target_ratio": "1:1",
                 *       "focus": "face"
                 *     }
                 */
                "application/json": components["schemas"]["SmartCropInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description Where the job is read. */
                    Location?: string;
                    /** @description `true`: an earlier request with this key made the job. */
                    "Idempotent-Replayed"?: "true";
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INSUFFICIENT_CREDITS` */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN`, `NOT_ELIGIBLE` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `OPERATION_IN_PROGRESS` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REUSED`, `QUOTE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED`, `QUOTA_EXCEEDED`, `TOO_MANY_IN_FLIGHT` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    estimate_smart_crop: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "image_url": "https://example.com/portrait.jpg",
                 *       "target_ratio": "1:1",
                 *       "focus": "face"
                 *     }
                 */
                "application/json": components["schemas"]["SmartCropInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Estimate"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submit_text_to_design: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gives the first job again; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The token of an estimate of the same input: the job costs what it says at most. It is no part of what an Idempotency-Key stands for. */
                Quote?: string;
                /** @description What the job does when the provider of choice is down: `fallback` (the default) asks another; `wait; seconds=600` lets the job wait for it so long, cancellable free of charge; `cancel` ends it at once. What is not done then fails with `PROVIDER_DOWN`, and its credits come back. Each attempt of the job says in `branch` which of it happened. It is no part of what an Idempotency-Key stands for. */
                "On-Provider-Down"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "prompt": "A lighthouse at dusk, seen from the sea",
                 *       "style": "vintage",
                 *       "aspect_ratio": "4:3"
                 *     }
                 */
                "application/json": components["schemas"]["TextToDesignInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description Where the job is read. */
                    Location?: string;
                    /** @description `true`: an earlier request with this key made the job. */
                    "Idempotent-Replayed"?: "true";
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INSUFFICIENT_CREDITS` */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN`, `NOT_ELIGIBLE` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `OPERATION_IN_PROGRESS` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REUSED`, `QUOTE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED`, `QUOTA_EXCEEDED`, `TOO_MANY_IN_FLIGHT` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    estimate_text_to_design: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "prompt": "A lighthouse at dusk, seen from the sea",
                 *       "style": "vintage",
                 *       "aspect_ratio": "4:3"
                 *     }
                 */
                "application/json": components["schemas"]["TextToDesignInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Estimate"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submit_upscale: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gives the first job again; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The token of an estimate of the same input: the job costs what it says at most. It is no part of what an Idempotency-Key stands for. */
                Quote?: string;
                /** @description What the job does when the provider of choice is down: `fallback` (the default) asks another; `wait; seconds=600` lets the job wait for it so long, cancellable free of charge; `cancel` ends it at once. What is not done then fails with `PROVIDER_DOWN`, and its credits come back. Each attempt of the job says in `branch` which of it happened. It is no part of what an Idempotency-Key stands for. */
                "On-Provider-Down"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "image_url": "https://example.com/label.png",
                 *       "scale": 4
                 *     }
                 */
                "application/json": components["schemas"]["UpscaleInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description Where the job is read. */
                    Location?: string;
                    /** @description `true`: an earlier request with this key made the job. */
                    "Idempotent-Replayed"?: "true";
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INSUFFICIENT_CREDITS` */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN`, `NOT_ELIGIBLE` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `OPERATION_IN_PROGRESS` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REUSED`, `QUOTE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED`, `QUOTA_EXCEEDED`, `TOO_MANY_IN_FLIGHT` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    estimate_upscale: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "image_url": "https://example.com/label.png",
                 *       "scale": 4
                 *     }
                 */
                "application/json": components["schemas"]["UpscaleInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Estimate"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_job: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of an earlier answer. */
                "if-none-match"?: string | null;
            };
            path: {
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The state that is shown (weak). */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Not changed since the state that `If-None-Match` names. */
            304: {
                headers: {
                    /** @description The state that is shown (weak). */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description The part that is away while this was answered, and the age in seconds of what is shown where it is not of now: `database; age=12`. */
                    "X-Degraded"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_job_receipt: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of an earlier answer. */
                "if-none-match"?: string | null;
            };
            path: {
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The state that is shown (weak). */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description Not changed since the state that `If-None-Match` names. */
            304: {
                headers: {
                    /** @description The state that is shown (weak). */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_key: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateKey"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewKeyView"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `CONFLICT` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rotate_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RotateKey"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewKeyView"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `CONFLICT` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_kinds: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of an earlier answer. */
                "if-none-match"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The state that is shown (weak). */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfferedKinds"];
                };
            };
            /** @description Not changed since the state that `If-None-Match` names. */
            304: {
                headers: {
                    /** @description The state that is shown (weak). */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProfileView"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteMe"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewDeletionView"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_deletion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deletion_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionView"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    request_email_change: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeEmail"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `EMAIL_TAKEN` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    export_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Profile, sessions, keys (without secrets) and jobs; links to what other parts keep. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePassword"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionView"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    place_order: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gives the first order again; with another body 422. Anybody who knows it, the address and the body is answered so: let it be random. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrderBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewOrderView"];
                };
            };
            /** @description `CONFLICT` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REUSED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `KIND_DISABLED`, `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_order: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of an earlier answer. */
                "if-none-match"?: string | null;
            };
            path: {
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description The state that is shown (weak). */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderView"];
                };
            };
            /** @description Not changed since the state that `If-None-Match` names. */
            304: {
                headers: {
                    /** @description The state that is shown (weak). */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_order_artefacts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderedFiles"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    request_password_reset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RequestPasswordReset"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reset_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConfirmPasswordReset"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateSession"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionView"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refresh_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshSession"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionView"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_user: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateUser"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionView"];
                };
            };
            /** @description `EMAIL_TAKEN` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEGRADED`, `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    confirm_email_change: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FollowLink"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `EMAIL_TAKEN` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    verify_email: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FollowLink"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `PAYLOAD_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    request_verification: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
