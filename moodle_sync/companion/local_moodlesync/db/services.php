<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * The web service functions, and the two restricted services (push, pull) with exactly what their tokens need.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$functions = [
    'local_moodlesync_get_status' => [
        'classname' => \local_moodlesync\external\get_status::class,
        'description' => 'Versions, site identity and capabilities of the caller.',
        'type' => 'read',
        'capabilities' => 'local/moodlesync:read',
    ],
    'local_moodlesync_get_course_state' => [
        'classname' => \local_moodlesync\external\get_course_state::class,
        'description' => 'Everything of a course that a plan compares with.',
        'type' => 'read',
        'capabilities' => 'local/moodlesync:read',
    ],
    'local_moodlesync_upsert_sections' => [
        'classname' => \local_moodlesync\external\upsert_sections::class,
        'description' => 'Creates or updates sections by key.',
        'type' => 'write',
        'capabilities' => 'local/moodlesync:write, moodle/course:update',
    ],
    'local_moodlesync_upsert_activities' => [
        'classname' => \local_moodlesync\external\upsert_activities::class,
        'description' => 'Creates or updates activities of the types that can be written, by key.',
        'type' => 'write',
        'capabilities' => 'local/moodlesync:write, moodle/course:manageactivities',
    ],
    'local_moodlesync_upsert_rubrics' => [
        'classname' => \local_moodlesync\external\upsert_rubrics::class,
        'description' => 'Creates or updates the rubric of an assignment, keeping the ids of its levels.',
        'type' => 'write',
        'capabilities' => 'local/moodlesync:write, moodle/grade:managegradingforms',
    ],
    'local_moodlesync_link_competencies' => [
        'classname' => \local_moodlesync\external\link_competencies::class,
        'description' => 'Links competencies to activities.',
        'type' => 'write',
        'capabilities' => 'local/moodlesync:write, moodle/competency:coursecompetencymanage',
    ],
    'local_moodlesync_set_course_completion' => [
        'classname' => \local_moodlesync\external\set_course_completion::class,
        'description' => 'Sets which activities complete the course.',
        'type' => 'write',
        'capabilities' => 'local/moodlesync:write, moodle/course:update',
    ],
    'local_moodlesync_upsert_enrolments' => [
        'classname' => \local_moodlesync\external\upsert_enrolments::class,
        'description' => 'Creates or updates manual enrolments by key.',
        'type' => 'write',
        'capabilities' => 'local/moodlesync:write, enrol/manual:enrol, moodle/role:assign',
    ],
    'local_moodlesync_upsert_events' => [
        'classname' => \local_moodlesync\external\upsert_events::class,
        'description' => 'Creates or updates calendar events of the course by key.',
        'type' => 'write',
        'capabilities' => 'local/moodlesync:write, moodle/calendar:manageentries',
    ],
    'local_moodlesync_upsert_groups' => [
        'classname' => \local_moodlesync\external\upsert_groups::class,
        'description' => 'Creates or updates groups by key, with the members that it gave them.',
        'type' => 'write',
        'capabilities' => 'local/moodlesync:write, moodle/course:managegroups',
    ],
    'local_moodlesync_get_baseline' => [
        'classname' => \local_moodlesync\external\get_baseline::class,
        'description' => 'What was last written outside of courses.',
        'type' => 'read',
        'capabilities' => 'local/moodlesync:read',
    ],
    'local_moodlesync_set_baseline' => [
        'classname' => \local_moodlesync\external\set_baseline::class,
        'description' => 'Records what was last written outside of courses.',
        'type' => 'write',
        'capabilities' => 'local/moodlesync:write',
    ],
];

$services = [
    'moodle-sync push' => [
        'shortname' => 'moodlesync_push',
        'enabled' => 1,
        'restrictedusers' => 1,
        'downloadfiles' => 0,
        'uploadfiles' => 0,
        'functions' => [
            'core_webservice_get_site_info',
            'tool_mobile_call_external_functions',
            'core_course_create_categories',
            'core_course_update_categories',
            'core_course_get_categories',
            'core_course_create_courses',
            'core_course_update_courses',
            'core_course_get_courses_by_field',
            'core_course_get_contents',
            'core_course_get_course_module',
            'core_courseformat_update_course',
            'core_courseformat_get_state',
            'core_update_inplace_editable',
            'core_competency_create_competency_framework',
            'core_competency_update_competency_framework',
            'core_competency_list_competency_frameworks',
            'core_competency_get_scale_values',
            'core_competency_create_competency',
            'core_competency_update_competency',
            'core_competency_list_competencies',
            'core_competency_set_parent_competency',
            'core_competency_add_competency_to_course',
            'core_competency_list_course_competencies',
            'core_competency_set_course_competency_ruleoutcome',
            'core_user_get_users_by_field',
            'core_enrol_get_enrolled_users',
            'enrol_manual_enrol_users',
            'core_grading_get_definitions',
            'core_calendar_create_calendar_events',
            'core_group_create_groups',
            'local_moodlesync_get_status',
            'local_moodlesync_get_course_state',
            'local_moodlesync_upsert_sections',
            'local_moodlesync_upsert_activities',
            'local_moodlesync_upsert_rubrics',
            'local_moodlesync_link_competencies',
            'local_moodlesync_set_course_completion',
            'local_moodlesync_upsert_enrolments',
            'local_moodlesync_upsert_events',
            'local_moodlesync_upsert_groups',
            'local_moodlesync_get_baseline',
            'local_moodlesync_set_baseline',
        ],
    ],
    'moodle-sync pull' => [
        'shortname' => 'moodlesync_pull',
        'enabled' => 1,
        'restrictedusers' => 1,
        'downloadfiles' => 0,
        'uploadfiles' => 0,
        'functions' => [
            'core_webservice_get_site_info',
            'tool_mobile_call_external_functions',
            'core_enrol_get_enrolled_users',
            'core_enrol_get_enrolled_users_with_capability',
            'core_enrol_search_users',
            'core_enrol_get_users_courses',
            'core_enrol_get_course_enrolment_methods',
            'core_course_get_courses',
            'core_course_get_courses_by_field',
            'core_course_get_contents',
            'core_course_get_updates_since',
            'core_course_check_updates',
            'core_course_get_course_module',
            'core_course_get_course_module_by_instance',
            'core_course_get_enrolled_users_by_cmid',
            'core_course_get_categories',
            'core_completion_get_activities_completion_status',
            'core_completion_get_course_completion_status',
            'gradereport_user_get_grade_items',
            'gradereport_user_get_grades_table',
            'gradereport_overview_get_course_grades',
            'core_grades_get_gradeitems',
            'core_grades_get_gradable_users',
            'core_grades_get_grade_tree',
            'core_grades_get_feedback',
            'mod_quiz_get_quizzes_by_courses',
            'mod_quiz_get_user_attempts',
            'mod_quiz_get_user_quiz_attempts',
            'mod_quiz_get_user_best_grade',
            'mod_quiz_get_attempt_review',
            'mod_quiz_get_overrides',
            'mod_assign_get_assignments',
            'mod_assign_get_submissions',
            'mod_assign_get_grades',
            'mod_assign_get_submission_status',
            'mod_assign_list_participants',
            'mod_assign_get_participant',
            'mod_assign_get_user_flags',
            'mod_assign_get_user_mappings',
            'core_grading_get_definitions',
            'core_grading_get_gradingform_instances',
            'gradingform_rubric_grader_gradingpanel_fetch',
            'mod_feedback_get_feedbacks_by_courses',
            'mod_feedback_get_feedback_access_information',
            'mod_feedback_get_items',
            // Sums only: functions that give one person's answers are left out on purpose.
            'mod_feedback_get_analysis',
            'report_competency_data_for_report',
            'tool_lp_data_for_user_competency_summary_in_course',
            'tool_lp_data_for_user_competency_summary',
            'tool_lp_data_for_course_competencies_page',
            'core_competency_list_course_competencies',
            'core_competency_list_course_module_competencies',
            'core_competency_list_competency_frameworks',
            'core_competency_list_competencies',
            'core_competency_list_user_plans',
            'core_competency_list_plan_competencies',
            'core_competency_get_scale_values',
            'core_badges_get_user_badges',
            'core_badges_get_badge',
            'core_user_get_users',
            'core_user_get_users_by_field',
            'core_user_get_course_user_profiles',
            'core_group_get_course_groups',
            'core_group_get_group_members',
            'core_group_get_course_user_groups',
            'core_group_get_course_groupings',
            'core_group_get_activity_groupmode',
            'local_moodlesync_get_status',
            'local_moodlesync_get_course_state',
        ],
    ],
];
