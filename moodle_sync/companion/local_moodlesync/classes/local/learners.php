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
 * How many learners left something in an activity.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * Counts people, in one query.
 */
final class learners {
    /**
     * People with a submission, an attempt, answers, a post, a grade or a completion.
     *
     * @param int[] $cmids course modules
     * @return int[] by course module id
     */
    public static function of(array $cmids): array {
        global $DB;
        if (!$cmids) {
            return [];
        }
        $params = [];
        $in = function (string $prefix) use ($DB, $cmids, &$params): string {
            [$sql, $more] = $DB->get_in_or_equal($cmids, SQL_PARAMS_NAMED, $prefix);
            $params += $more;
            return $sql;
        };
        $modules = "FROM {course_modules} cm JOIN {modules} m ON m.id = cm.module";
        $counts = $DB->get_records_sql_menu(
            "SELECT x.cmid, COUNT(DISTINCT x.userid)
               FROM (SELECT c.coursemoduleid AS cmid, c.userid
                       FROM {course_modules_completion} c
                      WHERE c.completionstate <> 0 AND c.coursemoduleid {$in('c')}
                      UNION
                     SELECT cm.id, s.userid
                      $modules AND m.name = 'assign'
                       JOIN {assign_submission} s ON s.assignment = cm.instance
                      WHERE s.status <> 'new' AND s.userid <> 0 AND cm.id {$in('s')}
                      UNION
                     SELECT cm.id, a.userid
                      $modules AND m.name = 'quiz'
                       JOIN {quiz_attempts} a ON a.quiz = cm.instance
                      WHERE a.preview = 0 AND cm.id {$in('a')}
                      UNION
                     SELECT cm.id, f.userid
                      $modules AND m.name = 'feedback'
                       JOIN {feedback_completed} f ON f.feedback = cm.instance
                      WHERE cm.id {$in('f')}
                      UNION
                     SELECT cm.id, p.userid
                      $modules AND m.name = 'forum'
                       JOIN {forum_discussions} d ON d.forum = cm.instance
                       JOIN {forum_posts} p ON p.discussion = d.id
                      WHERE p.deleted = 0 AND cm.id {$in('p')}
                      UNION
                     SELECT cm.id, g.userid
                      $modules
                       JOIN {grade_items} i ON i.itemtype = 'mod' AND i.itemmodule = m.name
                            AND i.iteminstance = cm.instance AND i.courseid = cm.course
                       JOIN {grade_grades} g ON g.itemid = i.id
                      WHERE g.finalgrade IS NOT NULL AND cm.id {$in('g')}) x
           GROUP BY x.cmid",
            $params
        );
        return array_map('intval', $counts);
    }
}
